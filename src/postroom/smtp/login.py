"""How does one log in: which SASL mechanism, and what is said in it (RFC 4954), without a secret in the transcript?"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Generator

from postroom.rfc.oauth import xoauth2
from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.dialog import Steps, Transcript, Turn
from postroom.smtp.endpoint import AccessToken, Credentials, Password
from postroom.smtp.extensions import Extensions
from postroom.smtp.redaction import HIDDEN, Redactor

# First the initial response (None: the mechanism has none), then one response for each challenge sent in.
Exchange = Generator[bytes | None, bytes, None]

_DIGEST = re.compile(r" ([0-9a-f]{32})$")


def log_in(
    credentials: Credentials, offers: Extensions, transcript: Transcript, *, is_private: bool, redactor: Redactor
) -> Steps[Reply | ConnectFailure]:
    """Logs in with the best mechanism both sides know; `redactor` learns all that must not be kept of it.

    `is_private` says that what is sent can be read by the server alone, or that the operator chose clear text
    knowingly; otherwise only CRAM-MD5 is used, which does not give the password away.
    """
    mechanisms = _fitting_mechanisms(credentials, offers.auth, is_private=is_private)
    outcome: Reply | ConnectFailure = ConnectFailure(Phase.LOGIN, _no_mechanism(offers.auth, is_private=is_private))
    redactor.learn(secret := _secret_of(credentials), _encoded(secret.encode()))
    for name in mechanisms:
        outcome = yield from _attempt(name, _start(name, credentials), transcript, redactor)
        # 504: offered, but not for us (RFC 4954 §4). Anything else is an answer: a second try could lock the account.
        if isinstance(outcome, Reply) or outcome.reply is None or outcome.reply.code != 504:
            break
    return outcome


def _fitting_mechanisms(credentials: Credentials, offered: Collection[str], *, is_private: bool) -> list[str]:
    if isinstance(credentials, AccessToken):
        preferred = ["XOAUTH2"] if is_private else []
    else:
        preferred = ["PLAIN", "LOGIN", "CRAM-MD5"] if is_private else ["CRAM-MD5"]
    return [name for name in preferred if name in offered]


def _no_mechanism(offered: Collection[str], *, is_private: bool) -> str:
    if not offered:
        return "the server offers no login here"
    if not is_private:
        return "the connection is not encrypted, and the password is not sent in clear text"
    return f"the server offers no login mechanism that fits these credentials: {', '.join(offered)}"


def _attempt(
    name: str, exchange: Exchange, transcript: Transcript, redactor: Redactor
) -> Steps[Reply | ConnectFailure]:
    line, shown, detail = f"AUTH {name}".encode(), f"AUTH {name}".encode(), ""
    if (initial := next(exchange)) is not None:
        line += b" " + (_write(initial, redactor) or b"=")
        shown += b" " + HIDDEN.encode()
    while True:
        transcript.append(shown)
        heard = yield Turn(line + b"\r\n", (Phase.LOGIN,))
        if not heard.replies:
            transcript.append(why := heard.lost or "no reply")
            return ConnectFailure(Phase.LOGIN, why)
        reply = redactor.reply(heard.replies[0])
        transcript.append(reply)
        if reply.code != 334:
            return _judge_end(reply, detail)
        line, detail = _respond(exchange, heard.replies[0], redactor)
        shown = line if line in (b"", b"*") else HIDDEN.encode()


def _judge_end(reply: Reply, detail: str) -> Reply | ConnectFailure:
    if reply.is_positive:
        return reply
    return ConnectFailure(Phase.LOGIN, f"{reply.text} {detail}".strip(), reply)


def _respond(exchange: Exchange, reply: Reply, redactor: Redactor) -> tuple[bytes, str]:
    """The next line, and the challenge in words when it asked for nothing (XOAUTH2 explains its refusal so)."""
    challenge = _decode_challenge(reply)
    try:
        response = exchange.send(challenge) or b""
    except StopIteration:
        return b"*", ""  # RFC 4954 §4: the client cancels
    detail = "" if response else redactor.text(challenge.decode("utf-8", "backslashreplace"))
    return _write(response, redactor), detail


def _write(response: bytes, redactor: Redactor) -> bytes:
    """As it goes over the wire; never kept, nor is CRAM-MD5's digest, from which a weak password can be guessed."""
    encoded = _encoded(response)
    redactor.learn(encoded, *_DIGEST.findall(response.decode()))
    return encoded.encode()


def _encoded(octets: bytes) -> str:
    return b64encode(octets).decode()


def _decode_challenge(reply: Reply) -> bytes:
    try:
        return b64decode("".join(reply.lines))
    except (binascii.Error, ValueError):
        return b""


def _start(name: str, credentials: Credentials) -> Exchange:
    if isinstance(credentials, AccessToken):
        return _xoauth2(credentials)
    return _PASSWORD_MECHANISMS[name](credentials)


def _plain(login: Password) -> Exchange:
    """RFC 4616."""
    yield b"\0" + login.username.encode() + b"\0" + login.password.encode()


def _login(login: Password) -> Exchange:
    """draft-murchison-sasl-login: whatever the challenges say, first the name, then the password."""
    yield None
    yield login.username.encode()
    yield login.password.encode()


def _cram_md5(login: Password) -> Exchange:
    """RFC 2195."""
    challenge = yield None
    digest = hmac.new(login.password.encode(), challenge, "md5").hexdigest()
    yield f"{login.username} {digest}".encode()


def _xoauth2(login: AccessToken) -> Exchange:
    """Google's and Microsoft's form; a refusal comes as a 334 with JSON and wants an empty line before its 535."""
    yield xoauth2(login.username, login.token).encode()
    yield b""


def _secret_of(credentials: Credentials) -> str:
    return credentials.token if isinstance(credentials, AccessToken) else credentials.password


_PASSWORD_MECHANISMS: dict[str, Callable[[Password], Exchange]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}
