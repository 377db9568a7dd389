"""Everything about SMTP submission: how programs that speak SMTP hand in mail (RFC 6409)."""
