"""Whom does a feedback report say has complained?

RFC 5965 (abuse) and RFC 6591 (authentication failures): the fields of message/feedback-report.
"""

from dataclasses import dataclass

from postroom.rfc.dsn import iter_report_fields, read_typed_address

# No recipient asked for these: a failed check (RFC 6591, RFC 7489 §7.3), a virus, and the contrary (RFC 6430).
_NO_COMPLAINTS = frozenset({"auth-failure", "dmarc", "virus", "not-spam"})
_RECIPIENT_FIELDS = ("original-rcpt-to", "redacted-address", "removal-recipient")


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """`feedback_type` as registered (abuse, fraud, auth-failure, opt-out …), "" when missing.

    `recipients` are the Original-Rcpt-To (§3.2), which may be redacted and then is left out; `mail_from` the return
    path of the message complained about, None when missing.
    """

    feedback_type: str
    recipients: tuple[str, ...]
    mail_from: str | None

    @property
    def is_complaint(self) -> bool:
        """Whether a recipient does not want such mail; of a kind that is not given or not known, too."""
        return self.feedback_type not in _NO_COMPLAINTS


def read_feedback_report(content: bytes) -> FeedbackReport:
    """The content of message/feedback-report."""
    fields = list(iter_report_fields(content))
    values = dict(reversed(fields))
    named = (read_typed_address(value) for name, value in fields if name in _RECIPIENT_FIELDS)
    return FeedbackReport(
        feedback_type=values.get("feedback-type", "").partition(" ")[0].lower(),
        recipients=tuple(dict.fromkeys(address for address in named if address)),
        mail_from=read_typed_address(values.get("original-mail-from", "")),
    )
