"""Which Message-ID did the provider put in place of ours? Its answer to the mail tells, if one knows where to look.

People's answers refer to the Message-ID that they saw. Amazon SES and Postmark put in one of their own; others may.
"""

import re

# Amazon SES (seen 2026): "250 Ok 0102018f2b3c4d5e-6f7a8b9c-1234-…-000000"; the mail has <that@REGION.amazonses.com>, in
# us-east-1 <that@email.amazonses.com>. The region is not in the answer, so it counts in no comparison: `canonical`.
_SES = re.compile(
    r"\bok:? +([0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-\d{6})\b", re.IGNORECASE
)
# Postmark: "250 2.0.0 Ok: queued as 3f1c…" (a UUID), with <that@mtasv.net> in the mail.
_UUID = re.compile(r"\bqueued as ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.IGNORECASE)
# Outlook, Brevo and others: "250 2.0.0 OK <DB7PR02MB4567….eurprd02.prod.outlook.com> [Hostname=…]".
_BRACKETED = re.compile(r"<([^<>\s@]+@[^<>\s@]+)>")
_SES_DOMAIN = re.compile(r"@[a-z0-9-]+\.amazonses\.com>\Z", re.IGNORECASE)


def learn(reply: str) -> str | None:
    """The Message-ID that a server's answer to DATA tells of, as `canonical` writes it; None when it tells of none."""
    if not reply.startswith("250"):
        return None  # what it refuses it names as well, an address perhaps
    if match := _SES.search(reply):
        return f"<{match[1].lower()}@amazonses.com>"
    if match := _BRACKETED.search(reply):
        return canonical(f"<{match[1]}>")
    if match := _UUID.search(reply):
        return f"<{match[1].lower()}@mtasv.net>"
    return None


def canonical(message_id: str) -> str:
    """How a Message-ID is compared: as it is, but for the region in those of Amazon SES."""
    return _SES_DOMAIN.sub("@amazonses.com>", message_id)
