"""What the measured messages hold: 2 kB of text and html, as a quotation does."""

DOMAIN = "company-name.com"
AUTHOR = f"mary@{DOMAIN}"
TEXT = "Dear customer,\r\n" + "this is line after line of a quotation, as long as usual.\r\n" * 15
HTML = (
    "<html><body><p>Dear customer,</p>" + "<p>This is line after line of a quotation.</p>\r\n" * 20 + "</body></html>"
)
