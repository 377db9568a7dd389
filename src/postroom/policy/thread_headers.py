"""Which subject and references make mail programs show the mail of a conversation together?

Gmail wants the same subject (without Re:) and a common reference, Outlook and Apple Mail are content with either. So
all mail of a thread refers to one root, which stays whatever else is forgotten on the way, and keeps its subject.
"""

import re
from collections.abc import Sequence

# What mail programs put before the subject of an answer or a forwarded mail; numbered ones as in Re[2]: and Re(3):.
_ANSWERED = "re|aw|sv|vs|antw|rif|r|res|odp|ynt|vá|απ|отв|回复|答复|回覆|返信|회신"
_PASSED_ON = "fwd?|wg|tr|rv|i|enc|doorst|pd|vb|vl|i̇lt|ilt|továbbítás|továbbított|fs|πρθ|пересл|转发|轉寄|转寄|転送|전달"
_PREFIX = re.compile(rf"\s*(?:{_ANSWERED}|{_PASSED_ON})(?:\[\d+\]|\(\d+\))?\s*[:\uff1a]", re.IGNORECASE)
_FORWARDED = re.compile(rf"\s*(?:{_PASSED_ON})\s*[:\uff1a]", re.IGNORECASE)
# A header line has room for about twenty; the root and the last ones are what programs look at.
MAX_REFERENCES = 12


def base_subject(subject: str) -> str:
    """The subject without the marks of answers and forwarding before it."""
    while match := _PREFIX.match(subject):
        subject = subject[match.end() :]
    return subject.strip()


def reply_subject(subject: str) -> str:
    """The subject of an answer in the thread of `subject`."""
    return f"Re: {base_subject(subject)}".rstrip()


def is_forwarded(subject: str) -> bool:
    """Whether the mail passes another one on, which is then what it is about."""
    return _FORWARDED.match(subject) is not None


def reference_fields(root: str, earlier: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """References, and In-Reply-To where there is earlier mail (RFC 5322 §3.6.4); `earlier`: its ids, oldest first."""
    latest = [identifier for identifier in earlier if identifier != root][-(MAX_REFERENCES - 1) :]
    references = ("References", " ".join([root, *latest]))
    return (("In-Reply-To", latest[-1]), references) if latest else (references,)
