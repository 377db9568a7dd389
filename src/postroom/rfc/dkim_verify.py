"""Is this message signed with DKIM, by whom, and do the signatures hold (RFC 6376 §6, RFC 8463, RFC 8301)?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from postroom.errors import AddressError, SignatureRefusedError, SignatureSyntaxError
from postroom.rfc.dkim_canonical import BODY_FORMS, HEADER_FORMS, Fields, select_fields
from postroom.rfc.dkim_key import KeyRecord, PublicKey, is_signed_by, key_name, read_key_record, to_dns_name
from postroom.rfc.dkim_tags import decode_base64, parse_tags, split_list
from postroom.rfc.headers import split_message

Lookup = Callable[[str], str | None]
"""The TXT record of a DNS name, its strings joined; None when there is none; OSError when DNS gives no answer."""

# Each signature costs a look-up and a pass over the head, so the number is ours to bound (RFC 6376 §6.1). Forwarded
# mail carries three or four.
MAX_SIGNATURES = 10

KEY_TYPES = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}

_REQUIRED_TAGS = ("v", "a", "b", "bh", "d", "h", "s")
_DIGITS = re.compile(r"[0-9]{1,76}")  # l= may have 76 digits, t= and x= fewer, RFC 6376 §3.5
_SIGNATURE_TAG = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_FIELD_NAME = b"dkim-signature"


class Result(StrEnum):
    """In the words of RFC 8601 §2.7.1: neutral is a malformed signature, permerror one that must not be accepted."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one signature; `reason` says why it did not pass or, with l=, how much of the body it covers.

    `domain`, `selector` and `algorithm` are as the signature writes them, "" when it cannot be read.
    `is_testing`: the key is published for tests (t=y), so a failure is to count as no signature.
    """

    result: Result
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    reason: str = ""
    is_testing: bool = False


def verify(message: bytes, lookup: Lookup, *, now: int | None = None) -> tuple[Verdict, ...]:
    """One verdict a DKIM-Signature field from top to bottom, or a single one of result "none" for an unsigned message.

    `message` is as on the wire, with CRLF. `now`, in seconds since 1970, is held against x=; without it no signature
    expires. Raises nothing, whatever the message and the key records hold.
    """
    message_forms = _MessageForms(*split_message(message))
    fields = message_forms.fields("simple").get(_FIELD_NAME, [])
    if not fields:
        return (Verdict(Result.NONE, reason="the message is not signed"),)
    judged = [_judge(field, message_forms, lookup=lookup, now=now) for field in fields[:MAX_SIGNATURES]]
    unread = Verdict(Result.NEUTRAL, reason=f"only the first {MAX_SIGNATURES} signatures are verified")
    return (*judged, *[unread] * (len(fields) - len(judged)))


class _MessageForms:
    """The message in its canonical forms, each made once however many signatures ask for it."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self._head, self._body = head, body
        self._fields: dict[str, Fields] = {}
        self._bodies: dict[str, bytes] = {}

    def fields(self, form: str) -> Fields:
        if form not in self._fields:
            self._fields[form] = HEADER_FORMS[form](self._head)
        return self._fields[form]

    def body(self, form: str) -> bytes:
        if form not in self._bodies:
            self._bodies[form] = BODY_FORMS[form](self._body)
        return self._bodies[form]


@dataclass(frozen=True, slots=True)
class _Signature:
    key_name: str
    key_type: str
    header_form: str
    body_form: str
    names: list[bytes]
    body_hash: bytes
    octets: bytes
    body_length: int | None
    has_exact_identity: bool


def _judge(field: bytes, message_forms: _MessageForms, *, lookup: Lookup, now: int | None) -> Verdict:
    tags: dict[str, str] = {}
    is_testing = False
    try:
        tags = parse_tags(_decode(field.partition(b":")[2]))
        signature = _read_signature(tags, now)
        record = _find_key(signature, lookup)
        is_testing = record.is_testing
        result, reason = _compare(signature, record.key, field=field, message_forms=message_forms)
    except (SignatureSyntaxError, AddressError) as error:
        result, reason = Result.NEUTRAL, error.message
    except SignatureRefusedError as error:
        result, reason = Result.PERMERROR, error.message
    except OSError as error:
        result, reason = Result.TEMPERROR, f"the key could not be looked up: {error}"
    return Verdict(result, tags.get("d", ""), tags.get("s", ""), tags.get("a", ""), reason, is_testing)


def _decode(value: bytes) -> str:
    try:
        return value.decode()  # domains may be U-labels, RFC 8616 §5
    except UnicodeDecodeError as error:
        raise SignatureSyntaxError("the signature is not UTF-8") from error


def _read_signature(tags: Mapping[str, str], now: int | None) -> _Signature:
    missing = [name for name in _REQUIRED_TAGS if name not in tags]
    if missing:
        raise SignatureSyntaxError(f"the signature has no {missing[0]}=")
    if tags["v"] != "1":
        raise SignatureRefusedError("the signature is not of version 1")
    if "dns/txt" not in split_list(tags.get("q", "dns/txt")):
        raise SignatureRefusedError("the signature names no way to find the key that is known here")
    _check_times(tags, now)
    header_form, body_form = _read_forms(tags.get("c", "simple/simple"))
    return _Signature(
        key_name=key_name(domain=tags["d"], selector=tags["s"]),
        key_type=_read_key_type(tags["a"]),
        header_form=header_form,
        body_form=body_form,
        names=_read_names(tags["h"]),
        body_hash=decode_base64(tags["bh"]),
        octets=decode_base64(tags["b"]),
        body_length=_read_number(tags, "l"),
        has_exact_identity=_has_exact_identity(tags),
    )


def _read_key_type(algorithm: str) -> str:
    if algorithm == "rsa-sha1":
        raise SignatureRefusedError("rsa-sha1 is no longer accepted (RFC 8301)")
    if algorithm not in KEY_TYPES:
        raise SignatureRefusedError(f"the algorithm {algorithm[:40]} is not known")
    return KEY_TYPES[algorithm]


def _read_forms(value: str) -> tuple[str, str]:
    header_form, slash, body_form = value.partition("/")
    if not slash:
        body_form = "simple"
    if header_form not in HEADER_FORMS or body_form not in BODY_FORMS:
        raise SignatureRefusedError(f"the canonicalisation {value[:40]} is not known")
    return header_form, body_form


def _read_names(value: str) -> list[bytes]:
    names = split_list(value)
    if "from" not in names:
        raise SignatureRefusedError("From is not signed")
    return [name.encode() for name in names]


def _read_number(tags: Mapping[str, str], name: str) -> int | None:
    if name not in tags:
        return None
    if not _DIGITS.fullmatch(tags[name]):
        raise SignatureSyntaxError(f"{name}= is not a number")
    return int(tags[name])


def _check_times(tags: Mapping[str, str], now: int | None) -> None:
    signed_at, expires_at = _read_number(tags, "t"), _read_number(tags, "x")
    if expires_at is None:
        return
    if signed_at is not None and expires_at <= signed_at:
        raise SignatureSyntaxError("the signature expires before it was made")
    if now is not None and now > expires_at:
        raise SignatureRefusedError("the signature has expired")


def _has_exact_identity(tags: Mapping[str, str]) -> bool:
    """Whether i= (RFC 6376 §3.5) is in d= itself, not in a sub-domain; SignatureRefusedError when in neither."""
    domain = to_dns_name(tags["d"])
    _, at, identity = tags.get("i", f"@{domain}").rpartition("@")
    if not at:
        raise SignatureSyntaxError("i= holds no domain")
    identity = to_dns_name(identity)
    if identity != domain and not identity.endswith(f".{domain}"):
        raise SignatureRefusedError("the identity i= is not in the domain d=")
    return identity == domain


def _find_key(signature: _Signature, lookup: Lookup) -> KeyRecord:
    text = lookup(signature.key_name)
    if text is None:
        raise SignatureRefusedError(f"there is no key at {signature.key_name}")
    record = read_key_record(text, key_type=signature.key_type)
    if record.needs_exact_identity and not signature.has_exact_identity:
        raise SignatureRefusedError("the key does not sign for sub-domains (t=s)")
    return record


def _compare(
    signature: _Signature, key: PublicKey, *, field: bytes, message_forms: _MessageForms
) -> tuple[Result, str]:
    body = message_forms.body(signature.body_form)
    covered = len(body) if signature.body_length is None else signature.body_length
    if covered > len(body):
        raise SignatureRefusedError("the body is shorter than l= says")
    if sha256(memoryview(body)[:covered]).digest() != signature.body_hash:
        return Result.FAIL, "the body has been changed"
    fields = message_forms.fields(signature.header_form)
    text = select_fields(fields, signature.names) + _without_signature(field, signature.header_form)
    if not is_signed_by(key, text, signature.octets):
        return Result.FAIL, "the header has been changed, or the key is another"
    return Result.PASS, "" if covered == len(body) else f"only the first {covered} octets of the body are signed"


def _without_signature(field: bytes, form: str) -> bytes:
    """The DKIM-Signature field as it was hashed: b= empty, no CRLF at the end (RFC 6376 §3.7)."""
    name, colon, value = field.partition(b":")
    emptied = name + colon + _SIGNATURE_TAG.sub(rb"\1", value, count=1)
    return HEADER_FORMS[form](emptied)[_FIELD_NAME][0].removesuffix(b"\r\n")
