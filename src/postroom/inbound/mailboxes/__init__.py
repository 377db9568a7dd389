"""Everything about incoming servers: mailboxes from which mail is fetched by IMAP and POP3."""
