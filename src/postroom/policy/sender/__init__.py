"""Everything about who sent a mail that came in: SPF of its way, DKIM of its content, DMARC of its From."""
