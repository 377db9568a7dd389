"""Which refusals a caller may catch; each docstring is the sentence a person reads when no better one is given."""

from typing import Any


class PostroomError(Exception):
    """The request was refused."""

    code = "refused"

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        """`message` says what is wrong and what to do; `field` names the offending input; `facts` go to the log."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.field = field
        self.facts = facts
        super().__init__(self.message)


class AddressError(PostroomError):
    """This is not an e-mail address; write it as name@example.com or "Name" <name@example.com>."""

    code = "invalid_address"


class MissingFromError(PostroomError):
    """The message has no From and no notification address is known; give a From or set an alias domain."""

    code = "missing_from"


class HeaderError(PostroomError):
    """A header holds a line break or another control character; send it without."""

    code = "invalid_header"


class ContentError(PostroomError):
    """The text, the html or an attachment cannot be written as mail."""

    code = "invalid_content"


class DraftError(PostroomError):
    """The message is not understood; compare its fields with docs/api.md."""

    code = "invalid_message"


class UnknownFieldError(DraftError):
    """There is no such field."""

    code = "unknown_field"


class MissingFieldError(DraftError):
    """A field is missing."""

    code = "missing_field"


class WrongTypeError(DraftError):
    """The value is of another type than expected."""

    code = "wrong_type"


class Base64FaultError(DraftError):
    """The content is not base64 (RFC 4648 §4)."""

    code = "invalid_base64"


class NoRecipientsError(DraftError):
    """The message has no recipients; name somebody in to, cc or bcc."""

    code = "no_recipients"


class RepeatedFromError(PostroomError):
    """The message has more than one From; send exactly one."""

    code = "repeated_from"


class ScenarioError(PostroomError):
    """The routing scenario is not understood; compare it with docs/routing.md."""

    code = "invalid_scenario"


class UnknownServerError(PostroomError):
    """No active outgoing server has that name; choose one of the active servers."""

    code = "unknown_server"


class SigningKeyError(PostroomError):
    """The DKIM key cannot be used; give an RSA (1024 bits or more) or Ed25519 private key in PEM form."""

    code = "invalid_dkim_key"


class SignatureSyntaxError(PostroomError):
    """The DKIM signature, or the key record it names, is malformed."""

    code = "invalid_dkim_signature"


class SignatureRefusedError(PostroomError):
    """The DKIM signature, or the key record it names, is one that a verifier must not accept."""

    code = "refused_dkim_signature"


class SpfSyntaxError(PostroomError):
    """The SPF record is malformed, so that receivers treat it as a permanent error."""

    code = "invalid_spf"


class DmarcSyntaxError(PostroomError):
    """The text is not a DMARC record."""

    code = "invalid_dmarc"


class ReportSyntaxError(PostroomError):
    """This is no report that can be read: neither a DMARC aggregate report (XML) nor a TLS report (JSON)."""

    code = "invalid_report"


class ReportTooLargeError(PostroomError):
    """The report is too large, or is packed so that it would be; no receiver sends such a thing."""

    code = "report_too_large"
