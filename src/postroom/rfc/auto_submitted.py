"""Was this mail written by a program, must no program answer it, and how does our own say so?

RFC 3834 (Auto-Submitted), RFC 2076 (Precedence), RFC 2919 and RFC 2369 (mailing lists), and Microsoft's
X-Auto-Response-Suppress ([MS-OXCMAIL] §2.1.3.2.1).
"""

import re
from collections.abc import Mapping

_REPLY_FIELDS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-auto-response", "x-autoreply-from",
    "x-mail-autoreply", "x-vacation", "x-away",
)  # fmt: skip
_LIST_FIELDS = ("list-id", "list-unsubscribe", "list-post", "list-help", "list-owner", "list-archive")
_SUPPRESSED = re.compile(r"\b(?:all|oof|autoreply|dr|ndr)\b")
_BULK = re.compile(r"\s*(?:bulk|list|junk|auto_reply)\b")


def automatic_marks(keyword: str = "auto-generated") -> tuple[tuple[str, str], ...]:
    """Fields (name, value) that say of a mail that a program wrote it: each kind of program heeds another of them.

    `keyword` is RFC 3834 §5's: auto-generated, or auto-replied for the answer to a mail.
    """
    return (("Auto-Submitted", keyword), ("X-Auto-Response-Suppress", "All"), ("Precedence", "bulk"))


def is_auto_submitted(fields: Mapping[str, str]) -> bool:
    """Auto-Submitted says anything but `no` (RFC 3834 §5). `fields` has the values by lower-case name."""
    keyword = fields.get("auto-submitted", "no").partition(";")[0].partition("(")[0].strip().lower()
    return keyword not in ("", "no")


def is_auto_reply(fields: Mapping[str, str]) -> bool:
    """The mail says of itself that it is an automatic reply, such as that of somebody on vacation."""
    keyword = fields.get("auto-submitted", "").strip().lower()
    return (
        keyword.startswith(("auto-replied", "auto-response"))
        or fields.get("precedence", "").strip().lower() == "auto_reply"
        or fields.get("x-apple-action", "").strip().lower() == "vacation"
        or any(name in fields for name in _REPLY_FIELDS)
    )


def is_list_mail(fields: Mapping[str, str]) -> bool:
    """The mail came over a mailing list or is a mailing."""
    return any(name in fields for name in _LIST_FIELDS)


def must_not_be_answered(fields: Mapping[str, str]) -> bool:
    """Whether an automatic answer is forbidden (RFC 3834 §2): to programs, to lists, to an empty return path."""
    return (
        is_auto_submitted(fields)
        or is_auto_reply(fields)
        or is_list_mail(fields)
        or bool(_BULK.match(fields.get("precedence", "").lower()))
        or bool(_SUPPRESSED.search(fields.get("x-auto-response-suppress", "").lower()))
        or fields.get("return-path", "-").strip() == "<>"
    )
