"""How does one log in: which SASL mechanism, and what is said in it (RFC 4954), without a secret in the transcript?"""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Generator

from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.dialog import Steps, Transcript, Turn
from postroom.smtp.endpoint import AccessToken, Credentials, Password
from postroom.smtp.extensions import Extensions

# First the initial response (None: the mechanism has none), then one response for each challenge sent in.
Exchange = Generator[bytes | None, bytes, None]

_HIDDEN = b"(hidden)"


def log_in(
    credentials: Credentials, offers: Extensions, transcript: Transcript, *, is_private: bool
) -> Steps[Reply | ConnectFailure]:
    """Logs in with the best mechanism both sides know.

    `is_private` says that what is sent can be read by the server alone, or that the operator chose clear text
    knowingly; otherwise only CRAM-MD5 is used, which does not give the password away.
    """
    mechanisms = _fitting_mechanisms(credentials, offers.auth, is_private=is_private)
    outcome: Reply | ConnectFailure = ConnectFailure(Phase.LOGIN, _no_mechanism(offers.auth, is_private=is_private))
    for name in mechanisms:
        outcome = yield from _attempt(name, credentials, transcript)
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


def _attempt(name: str, credentials: Credentials, transcript: Transcript) -> Steps[Reply | ConnectFailure]:
    exchange = _start(name, credentials)
    initial = next(exchange)
    line = f"AUTH {name}".encode() if initial is None else f"AUTH {name} ".encode() + (b64encode(initial) or b"=")
    shown = f"AUTH {name}".encode() + (b"" if initial is None else b" " + _HIDDEN)
    secrets = _secrets_of(credentials) | ({b64encode(initial).decode()} if initial else set())
    detail = ""
    while True:
        transcript.append(shown)
        heard = yield Turn(line + b"\r\n", (Phase.LOGIN,))
        if not heard.replies:
            transcript.append(why := heard.lost or "no reply")
            return ConnectFailure(Phase.LOGIN, why)
        reply = _without(heard.replies[0], secrets)
        transcript.append(reply)
        if reply.code != 334:
            return _judge_end(reply, detail)
        line, detail = _respond(exchange, heard.replies[0])
        shown = line if line in (b"", b"*") else _HIDDEN
        detail = _without_secrets(detail, secrets)


def _judge_end(reply: Reply, detail: str) -> Reply | ConnectFailure:
    if reply.is_positive:
        return reply
    return ConnectFailure(Phase.LOGIN, f"{reply.text} {detail}".strip(), reply)


def _respond(exchange: Exchange, reply: Reply) -> tuple[bytes, str]:
    """The next line, and the challenge in words when it asked for nothing (XOAUTH2 explains its refusal so)."""
    challenge = _decode_challenge(reply)
    try:
        response = exchange.send(challenge) or b""
    except StopIteration:
        return b"*", ""  # RFC 4954 §4: the client cancels
    return b64encode(response), "" if response else challenge.decode("utf-8", "backslashreplace")


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
    yield f"user={login.username}\x01auth=Bearer {login.token}\x01\x01".encode()
    yield b""


_PASSWORD_MECHANISMS: dict[str, Callable[[Password], Exchange]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}


def _secrets_of(credentials: Credentials) -> set[str]:
    secret = credentials.token if isinstance(credentials, AccessToken) else credentials.password
    return {secret, b64encode(secret.encode()).decode()} if secret else set()


def _without(reply: Reply, secrets: set[str]) -> Reply:
    """The reply as it may be kept: servers echo commands they do not like."""
    return Reply(reply.code, tuple(_without_secrets(line, secrets) for line in reply.lines))


def _without_secrets(text: str, secrets: set[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "(hidden)")
    return text
