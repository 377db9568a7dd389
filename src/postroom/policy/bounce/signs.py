"""Does this mail look like a notice of failed delivery, of delay, of success, a vacation reply, a challenge?

Signs for mail that says it in no standard way. Where it was sent from weighs most: a shop that writes "your parcel
could not be delivered" must not become a bounce. Texts are lower case with single blanks (`plain_words`).
"""

import re
from collections.abc import Mapping

from postroom.policy.bounce import wordings_of_notices as wordings
from postroom.rfc.auto_submitted import is_auto_reply, is_auto_submitted, is_list_mail

BOUNCE_WEIGHT = 3
# A notice says what it is on its first page.
MAX_TEXT = 8000

_NULL_PATH = re.compile(r"\s*<\s*>|\s*<?(?:mailer-daemon|post_?master|mailerdaemon|mail-daemon)\b", re.IGNORECASE)
_ANSWER = re.compile(r"\s*(?:re|aw|sv|fwd?|wg|tr)\s*:", re.IGNORECASE)
_ANSWER_FIELDS = ("in-reply-to", "references", "auto-submitted")
_CHALLENGE_FIELDS = (
    "x-spamarrest-noauth", "x-boxtrapper", "x-bluebottle-request", "x-askversion", "x-spamazoid-md", "spamlion",
    "x-choicemail-registration-request", "x-tmda-confirm", "x-qurb",
)  # fmt: skip


def plain_words(text: str) -> str:
    """The beginning of the text as the signs are compared with it."""
    return " ".join(text[:MAX_TEXT].lower().replace("’", "'").split())


def bounce_weight(fields: Mapping[str, str], words: str, *, names_recipient: bool) -> int:
    """How much speaks for a notice of failed delivery: from BOUNCE_WEIGHT on it is one.

    `names_recipient`: the text lists a recipient in the way of such notices.
    """
    subject = plain_words(fields.get("subject", ""))
    told = sum((
        bool(wordings.BOUNCE_SUBJECT.search(subject)),
        bool(wordings.BOUNCE_TEXT.search(words)),
        2 * bool(wordings.SIGNATURE.search(words)),
    ))  # fmt: skip
    if not told:
        return 0
    is_answer = _ANSWER.match(subject) is not None and not _has_null_path(fields)
    return _sender_weight(fields) + told + names_recipient - 2 * is_answer


def says_delayed(subject: str, words: str) -> bool:
    """The notice says that delivery is tried on, and not that it was given up."""
    if wordings.GIVEN_UP.search(words):
        return False
    is_warning = wordings.DELAY_SUBJECT.search(plain_words(subject)) and not re.search("errors|fail", words)
    return bool(wordings.DELAY.search(words) or is_warning)


def says_delivered(subject: str, words: str) -> bool:
    """The notice says that delivery succeeded."""
    is_told = wordings.SUCCESS.search(words) or wordings.SUCCESS.search(plain_words(subject))
    return bool(is_told) and not wordings.GIVEN_UP.search(words)


def says_rejected(words: str) -> bool:
    """The notice says that a mailbox's own rules, or its quota, refused the message."""
    return bool(wordings.REJECTED.search(words))


def is_complaint(fields: Mapping[str, str]) -> bool:
    """A complaint in a provider's own format: Microsoft's and Amazon's mixed mail, Apple's unsubscribe."""
    if fields.get("x-apple-unsubscribe", "").strip().lower() == "true":
        return True
    from_address = fields.get("from", "").lower()
    is_known = any(address in from_address for address in ("staff@hotmail.com", "@email-abuse.amazonses.com"))
    return is_known and "complaint about message" in fields.get("subject", "").lower()


def looks_like_auto_reply(fields: Mapping[str, str], words: str) -> bool:
    """The mail is what a vacation responder writes: it says so in a field, in the subject, or in the first lines."""
    if is_auto_reply(fields) or has_away_subject(fields):
        return True
    return _is_from_program(fields) and bool(wordings.AWAY_TEXT.search(words[:2000]))


def has_away_subject(fields: Mapping[str, str]) -> bool:
    """The subject alone says that somebody is away."""
    return bool(wordings.AWAY_SUBJECT.match(plain_words(fields.get("subject", ""))))


def is_challenge(fields: Mapping[str, str], words: str) -> bool:
    """A filter that is known asks the sender to prove to be human before it delivers."""
    if any(name in fields for name in _CHALLENGE_FIELDS) or "-tmda-confirm>" in fields.get("message-id", ""):
        return True
    if fields.get("precedence", "").strip().lower() == "spam":
        return True
    is_named = wordings.CERTAIN_CHALLENGE.search(f"{words} {_about(fields)}")
    return bool(is_named) and _is_from_program(fields)


def looks_like_challenge(fields: Mapping[str, str], words: str) -> bool:
    """The mail asks to confirm something as such filters do."""
    about = _about(fields)
    is_asked = bool(wordings.CHALLENGE.search(f"{words} {about}")) and "unsubscribe" not in words
    is_answer = _is_from_program(fields) and not fields.keys().isdisjoint(_ANSWER_FIELDS)
    return is_asked and bool(wordings.CHALLENGE_SUBJECT.search(about) or is_answer)


def _about(fields: Mapping[str, str]) -> str:
    return plain_words(" ".join(fields.get(name, "") for name in ("subject", "from", "return-path")))


def _sender_weight(fields: Mapping[str, str]) -> int:
    if _has_null_path(fields) or "x-failed-recipients" in fields:
        return 2
    author = plain_words(fields.get("from", ""))
    if not wordings.DAEMON.search(author):
        return 0
    # Postmasters are people too, unless a program writes for them.
    is_person = "precedence" not in fields and not _is_from_program(fields)
    return 1 if "postmaster" in author and is_person else 2


def _is_from_program(fields: Mapping[str, str]) -> bool:
    """Precedence says so too, but not on what came over a mailing list: there people write."""
    is_bulk = "precedence" in fields and not is_list_mail(fields)
    return is_auto_submitted(fields) or _has_null_path(fields) or is_bulk


def _has_null_path(fields: Mapping[str, str]) -> bool:
    return bool(_NULL_PATH.match(fields.get("return-path", "-"))) or fields.get("from", "-").strip() == "<>"
