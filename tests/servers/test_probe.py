"""Does the connection test say what a real server would do with our mail, and never leave one behind?"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from postroom.policy.failure import SENTENCES
from postroom.servers.identities import Identity, Use
from postroom.servers.probe import Finding, Result, Step, Trial, probe, steps_of
from postroom.smtp.endpoint import Endpoint, Password, Security, Timeouts
from tests.peers.aiosmtpd_server import Aiosmtpd, run_aiosmtpd
from tests.peers.certificates import TlsFiles
from tests.peers.postfix import Postfix, run_postfix, why_unavailable
from tests.peers.waiting import PATIENCE_SECONDS

MARY, BOUNCE = Identity("mary@company-name.com", (Use.PERSON,)), Identity("bounce@company-name.com", (Use.BOUNCE,))
RECIPIENT = "probe@customer.example.com"


@pytest.fixture(scope="module")
def postfix(tls_files: TlsFiles) -> Iterator[Postfix]:
    """One that wants a login, and refuses the bounce address."""
    if why := why_unavailable():
        pytest.skip(why)
    settings = {
        "smtpd_sender_restrictions": "check_sender_access inline:{ "
        "{ bounce@company-name.com = 553 5.7.1 Sender address rejected: not owned by user mary } }",
        "smtpd_delay_reject": "no",
    }
    with run_postfix("customer.example.com", tls=tls_files, accounts={"mary": "secret"}, settings=settings) as server:
        yield server


@pytest.fixture(scope="module")
def small(tls_files: TlsFiles) -> Iterator[Aiosmtpd]:
    with run_aiosmtpd(
        tls=tls_files,
        replies={"gone": "550 5.1.1 No such user"},
        accounts={"mary": "secret"},
        max_message_bytes=10_000,
        max_recipients=10,
    ) as server:
        yield server


def endpoint(server: Postfix | Aiosmtpd, tls: TlsFiles, **changes: object) -> Endpoint:
    good = Endpoint(
        "localhost", server.port, ca_file=str(tls.authority), credentials=Password("mary", "secret"),
        timeouts=Timeouts().at_most(PATIENCE_SECONDS),
    )  # fmt: skip
    return replace(good, **changes)  # type: ignore[arg-type] # the tests' own names


def tried(at: Endpoint, *identities: Identity, recipient: str = RECIPIENT) -> list[Trial]:
    """How each trial ended."""

    async def collect() -> list[Trial]:
        return [trial async for trial in probe(at, identities or (MARY,), recipient=recipient)]

    return [trial for trial in asyncio.run(collect()) if trial.is_over]


def results(trial: Trial) -> dict[Step, Result]:
    return {finding.step: finding.result for finding in trial.findings}


def fault(trial: Trial) -> Finding:
    assert trial.fault
    assert trial.fault.cause in SENTENCES
    return trial.fault


@pytest.mark.parametrize("kind", ["postfix", "small"])
def test_a_good_server_passes_every_step_and_its_mailbox_stays_empty(
    kind: str, request: pytest.FixtureRequest, tls_files: TlsFiles
) -> None:
    server = request.getfixturevalue(kind)
    (trial,) = tried(endpoint(server, tls_files))
    assert results(trial) == dict.fromkeys(Step, Result.OK)
    assert trial.findings[-1].words.startswith("354")
    assert server.messages(RECIPIENT, count=0) == []


def test_the_line_is_open_before_the_identity_is_tried(small: Aiosmtpd, tls_files: TlsFiles) -> None:
    async def first() -> Trial:
        return await anext(aiter(probe(endpoint(small, tls_files), [MARY], recipient=RECIPIENT)))

    trial = asyncio.run(first())
    assert not trial.is_over
    assert [finding.step for finding in trial.findings] == list(Step)[:5]
    assert "certificate verified" in trial.findings[3].words


def test_a_refused_sender_is_told_for_that_identity_alone(postfix: Postfix, tls_files: TlsFiles) -> None:
    bounce, mary = tried(endpoint(postfix, tls_files), BOUNCE, MARY)
    assert (fault(bounce).step, fault(bounce).cause) == (Step.MAIL, "sender-refused")
    assert "not owned by user mary" in fault(bounce).words
    assert mary.fault is None


def test_a_wrong_password_ends_the_test_at_the_login(postfix: Postfix, tls_files: TlsFiles) -> None:
    wrong = endpoint(postfix, tls_files, credentials=Password("mary", "wrong"))
    (only,) = tried(wrong, MARY, BOUNCE)
    assert (fault(only).step, fault(only).cause) == (Step.LOGIN, "login-refused")
    assert fault(only).words.startswith("535")
    assert "wrong" not in "".join(only.dialog)


def test_a_certificate_that_is_not_trusted_ends_it_at_tls(postfix: Postfix, tls_files: TlsFiles) -> None:
    (trial,) = tried(endpoint(postfix, tls_files, ca_file=None))
    assert (fault(trial).step, fault(trial).cause) == (Step.TLS, "tls-failed")
    assert [finding.step for finding in trial.findings][-2:] == [Step.GREETING, Step.TLS]


def test_tls_from_the_start_at_a_port_that_greets_ends_it_at_tls(postfix: Postfix, tls_files: TlsFiles) -> None:
    (trial,) = tried(endpoint(postfix, tls_files, security=Security.TLS))
    assert [finding.step for finding in trial.findings] == [Step.RESOLVE, Step.CONNECT, Step.TLS]
    assert fault(trial).step is Step.TLS


def test_a_host_that_does_not_answer_ends_it_at_once(tls_files: TlsFiles, small: Aiosmtpd, closed_port: int) -> None:
    (trial,) = tried(endpoint(small, tls_files, port=closed_port), MARY, BOUNCE)
    assert results(trial) == {Step.RESOLVE: Result.OK, Step.CONNECT: Result.FAULT}
    assert fault(trial).cause == "no-connection"


def test_a_name_that_is_not_in_dns_is_told_so(tls_files: TlsFiles, small: Aiosmtpd) -> None:
    (trial,) = tried(endpoint(small, tls_files, host="smtp.nowhere.invalid"))
    assert (fault(trial).step, fault(trial).cause) == (Step.RESOLVE, "host-not-found")


def test_a_refused_recipient_is_told(small: Aiosmtpd, tls_files: TlsFiles) -> None:
    (trial,) = tried(endpoint(small, tls_files), recipient="gone@customer.example.com")
    assert (fault(trial).step, fault(trial).cause) == (Step.RCPT, "recipient-unknown")


def test_steps_that_the_server_is_set_up_without_are_unused(postfix: Postfix, tls_files: TlsFiles) -> None:
    (trial,) = tried(endpoint(postfix, tls_files, security=Security.NONE, credentials=None))
    assert (results(trial)[Step.TLS], results(trial)[Step.LOGIN]) == (Result.UNUSED, Result.UNUSED)
    assert trial.fault is None


def test_with_ssl_the_line_is_encrypted_before_the_greeting() -> None:
    assert steps_of(Security.TLS).index(Step.TLS) < steps_of(Security.TLS).index(Step.GREETING)
    assert steps_of(Security.STARTTLS) == tuple(Step)
