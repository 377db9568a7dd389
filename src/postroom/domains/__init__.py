"""Everything about in whose name mail is sent: alias domains, aliases and DKIM keys."""
