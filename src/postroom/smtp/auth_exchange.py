"""Which user name and password does a client give with AUTH PLAIN or AUTH LOGIN? (RFC 4954, RFC 4616)."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from postroom.errors import PostroomError

MECHANISMS = ("LOGIN", "PLAIN")
# As every client of AUTH LOGIN expects them (draft-murchison-sasl-login): "Username:", "Password:".
USER_PROMPT = "VXNlcm5hbWU6"
PASSWORD_PROMPT = "UGFzc3dvcmQ6"  # noqa: S105 – the word, not a password

# Sends what stands after "334 " and returns the client's line.
Prompt = Callable[[str], Awaitable[bytes]]


class AuthSyntaxError(PostroomError):
    """501 5.5.2 The AUTH exchange is malformed"""

    code = "invalid_auth"


class Credentials(NamedTuple):
    user: str
    password: str


async def read_credentials(argument: str, prompt: Prompt) -> Credentials:
    """What the client answers, `argument` being what stood after AUTH; AuthSyntaxError: its message is the reply."""
    mechanism, _, initial = argument.strip().partition(" ")
    match mechanism.upper():
        case "PLAIN":
            return _split_plain(_decode(initial or await prompt("")))
        case "LOGIN":
            user = _decode(initial or await prompt(USER_PROMPT))
            return Credentials(user, _decode(await prompt(PASSWORD_PROMPT)))
        case "":
            raise AuthSyntaxError("501 5.5.4 Syntax: AUTH PLAIN or AUTH LOGIN")
    raise AuthSyntaxError("504 5.5.4 Only AUTH PLAIN and AUTH LOGIN are known here")


def _split_plain(text: str) -> Credentials:
    """RFC 4616 §2: authorization identity, here ignored, user and password, NUL between them."""
    parts = text.split("\0")
    if len(parts) != 3:
        raise AuthSyntaxError("501 5.5.2 PLAIN wants an identity, a user name and a password with NULs between them")
    return Credentials(parts[1], parts[2])


def _decode(answer: str | bytes) -> str:
    answer = answer.encode("utf-8", "surrogateescape") if isinstance(answer, str) else answer
    answer = answer.strip()
    if answer == b"*":
        raise AuthSyntaxError("501 5.7.0 Authentication given up")
    if answer == b"=":  # RFC 4954 §4: an empty initial response
        return ""
    try:
        return b64decode(answer, validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        raise AuthSyntaxError("501 5.5.2 That is not UTF-8 text in base64") from None
