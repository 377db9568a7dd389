"""Everything about the HTTP API: JSON in, JSON out, one router a noun."""
