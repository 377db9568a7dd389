"""Everything about the built-in capture server: an SMTP sink that keeps what it gets, to be looked at."""
