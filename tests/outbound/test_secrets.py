"""Does a secret that opens a server ever reach a log or a row, whatever the server does with it?"""

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import pytest
from django.apps import apps
from structlog.testing import capture_logs

from postroom.outbound import deliver
from postroom.outbound.target import Target, Unusable, target_of
from postroom.smtp.endpoint import AccessToken
from tests.outbound.office import Courier, Office, lane_of, statuses
from tests.outbound.test_deliver import take
from tests.smtp.peer import Peer, Script

SECRET = "so secret, 42 times grün"
KINDS = ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"]


def accepts(kind: str, said: list[str]) -> Script:
    async def script(peer: Peer) -> None:
        await hear_login(peer, kind, said)
        await peer.say("235 2.7.0 Welcome")
        await take(peer)
        await peer.take_quit()

    return script


def refuses_with_an_echo(kind: str, said: list[str]) -> Script:
    """In whole and cut, encoded and decoded, as servers do with commands that they take for unknown ones."""

    async def script(peer: Peer) -> None:
        await hear_login(peer, kind, said)
        echoes = [text for line in said for text in (line, line[:-5], decoded(line), decoded(line)[:-3])]
        await peer.say(*(f"535-5.7.8 Wrong: {text}" for text in echoes), "535 5.7.8 Try again")

    return script


def echoes_without_a_code(kind: str, said: list[str]) -> Script:
    """What listens there is no mail server."""

    async def script(peer: Peer) -> None:
        await hear_login(peer, kind, said)
        await peer.say(said[-1])

    return script


def accepts_and_echoes_later(kind: str, said: list[str]) -> Script:
    async def script(peer: Peer) -> None:
        await hear_login(peer, kind, said)
        await peer.say("235 2.7.0 Welcome")
        await peer.hear("MAIL")
        await peer.say(said[-1])

    return script


async def hear_login(peer: Peer, kind: str, said: list[str]) -> None:
    """All that the client says to log in, without the names of command and mechanism."""
    await peer.greet(f"AUTH {kind}")
    command = await peer.hear(f"AUTH {kind}")
    said += command.split()[2:]
    for challenge in {"LOGIN": ["Username:", "Password:"], "CRAM-MD5": ["<1.2@peer.example>"]}.get(kind, []):
        await peer.say("334 " + encoded(challenge))
        said.append(await peer.hear())


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def decoded(line: str) -> str:
    return b64decode(line).decode()


@pytest.mark.parametrize("behaviour", [accepts, refuses_with_an_echo, echoes_without_a_code, accepts_and_echoes_later])
def test_no_secret_is_written_anywhere(
    busy_office: Office,
    courier: Courier,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Callable[[str, list[str]], Script],
) -> None:
    said: dict[str, list[str]] = {kind: [] for kind in KINDS}
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        with courier.peer(*(behaviour(kind, said[kind]) for kind in KINDS)) as port:
            login = {"username": "mary", "password": SECRET, "logs_dialog": True}
            servers = [busy_office.add_server(port, name=kind, **login) for kind in KINDS]
            for server in servers:
                busy_office.send(f"{server.name}@customer.example.com", forced_server=server.pk)
                if server.name == "XOAUTH2":
                    monkeypatch.setattr(deliver, "target_of", with_token)
                courier.drain(lane_of(server))
    assert set(statuses().values()) == {"sent" if behaviour is accepts else "deferred"}
    assert [entry["event"] for entry in logs].count("dialog.ended") == len(KINDS)
    written = f"{logs} {caplog.text} {rows()}"
    for secret in secrets_in(list(chain(*said.values()))):
        assert secret not in written


def with_token(lane: int) -> Target | Unusable:
    """The target of an account at a provider, whose token comes from its sign-in."""
    target = target_of(lane)
    assert isinstance(target, Target)
    return replace(target, endpoint=replace(target.endpoint, credentials=AccessToken("mary", SECRET)))


def rows() -> list[object]:
    """All that delivering wrote."""
    models = [*apps.get_app_config("outbound").get_models(), *apps.get_app_config("workspaces").get_models()]
    return [row for model in models for row in model._default_manager.values()]


def secrets_in(said: list[str]) -> set[str]:
    """The secret and what was said of it, in every encoding; CRAM-MD5's digest; each also cut short."""
    words = {word for line in said for word in decoded(line).replace("\x01", " ").split() if len(word) == 32}
    whole = {SECRET, encoded(SECRET), *said, *words}
    return whole | {secret[:-5] for secret in whole} - {encoded("mary")[:-5]}
