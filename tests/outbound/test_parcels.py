"""What does a message look like on the wire: its return path, its From, its signatures?"""

from email import message_from_bytes, policy

import pytest

from postroom.domains.keys import create_dkim_key
from postroom.policy.composition import Draft
from postroom.policy.return_path import read_token, untag_return_path
from postroom.rfc.address import parse_mailbox
from postroom.rfc.dkim import public_key_record, verify
from postroom.servers.models import OutgoingServer
from postroom.vault import derive_key
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, delivery, lane_of, statuses
from tests.smtp.peer import Peer


def test_a_signed_return_path_leads_back_to_its_delivery(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    Workspace.objects.update(signs_return_path=True)
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com")
        busy_office.send("joe@customer.example.com", "ann@customer.example.com")
        courier.drain(lane_of(server))
    assert set(statuses().values()) == {"sent"}
    assert len(mailbox.received) == 2  # the envelopes differ
    for return_path, recipients, _ in mailbox.received:
        address, token = untag_return_path(return_path)
        assert address == "bounce@company-name.com"
        assert token is not None
        found = read_token(token.upper(), keys=[derive_key("return path")])
        assert [found] == [delivery(recipient).pk for recipient in recipients]


def test_the_workspace_the_server_and_a_persons_own_address_forbid_tags(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    return_paths = []
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com")
        for workspace, fields in (
            ({"signs_return_path": False}, {}),
            ({"signs_return_path": True}, {"allows_sub_addresses": False}),
            # The server may not send for the bounce address: the return path is Mary's own.
            ({"signs_return_path": True}, {"allows_sub_addresses": True, "from_filter": "mary@company-name.com"}),
        ):
            Workspace.objects.update(**workspace)
            OutgoingServer.objects.update(**(fields or {"priority": 1}))
            busy_office.send()
            courier.drain(lane_of(server))
            return_paths.append(mailbox.received[-1][0])
    assert return_paths == ["bounce@company-name.com", "bounce@company-name.com", "mary@company-name.com"]


def test_a_message_is_signed_under_the_from_it_leaves_with(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    key = create_dkim_key(busy_office.workspace, domain="company-name.com", selector="s")
    create_dkim_key(busy_office.workspace, domain="customer.example.com", selector="s")
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com")
        busy_office.send(from_='"Joe" <joe@customer.example.com>')
        courier.drain(lane_of(server))
    ((_, _, content),) = mailbox.received
    record = public_key_record(key.private_key.encode())
    (verdict,) = verify(content, {"s._domainkey.company-name.com": record}.get)
    assert verdict.result == "pass"
    message = message_from_bytes(content, policy=policy.default)
    assert message["From"].addresses[0].addr_spec == "notifications@company-name.com"
    assert message["From"].addresses[0].display_name == "Joe"


def test_a_revoked_key_signs_nothing_from_then_on(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    key = create_dkim_key(busy_office.workspace, domain="company-name.com", selector="s")
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com")
        busy_office.send()
        courier.drain(lane_of(server))
        key.is_active = False
        key.save(update_fields=["is_active"])
        busy_office.send()
        courier.drain(lane_of(server))
    assert [content.count(b"DKIM-Signature:") for _, _, content in mailbox.received] == [1, 0]


def test_a_server_whose_provider_signs_gets_no_signature_of_ours(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    create_dkim_key(busy_office.workspace, domain="company-name.com", selector="s")
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com", signed_by="provider")
        for signer in ("provider", "postroom", "both"):
            OutgoingServer.objects.update(signed_by=signer)
            busy_office.send()
            courier.drain(lane_of(server))
    assert [content.count(b"DKIM-Signature:") for _, _, content in mailbox.received] == [0, 1, 1]


def test_an_authors_own_reply_to_stays_and_otherwise_answers_come_to_the_catchall(
    busy_office: Office, courier: Courier
) -> None:
    busy_office.add_domain()
    joe = (parse_mailbox("joe@customer.example.com"),)
    own = Draft(from_=None, to=joe, reply_to=(parse_mailbox("sales@company-name.com"),), text="Hello")
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send(content=own)
        busy_office.send()
        courier.drain(lane_of(server))
    messages = [message_from_bytes(content, policy=policy.default) for _, _, content in mailbox.received]
    assert [m["Reply-To"] for m in messages] == ["sales@company-name.com", "catchall@company-name.com"]


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_message_of_any_size_arrives_whole(busy_office: Office, courier: Courier, size: int) -> None:
    text = "An even line of text.\n" * (size // 22 + 1)
    draft = Draft(from_=None, to=(parse_mailbox("joe@customer.example.com"),), subject="Long", text=text)
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send(content=draft)
        courier.drain(lane_of(server))
    message = message_from_bytes(mailbox.received[0][2], policy=policy.default)
    assert message.get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize(("stream", "notify"), [("transactional", "FAILURE,DELAY"), ("mass", "FAILURE")])
def test_reports_are_asked_for_that_lead_back_to_message_and_recipient(
    busy_office: Office, courier: Courier, stream: str, notify: str
) -> None:
    heard: list[str] = []

    async def script(peer: Peer) -> None:
        await peer.greet("DSN")
        for reply in ("250 Ok", "250 Ok", "250 Ok", "354 Go"):
            heard.append(await peer.hear())
            await peer.say(reply)
        await peer.hear_data()
        await peer.say("250 2.0.0 queued")
        await peer.take_quit()

    with courier.peer(script) as port:
        server = busy_office.add_server(port)
        message = busy_office.send("joe+7@customer.example.com", "ann@customer.example.com", stream=stream)
        courier.drain(lane_of(server, stream))
    mail, *recipients, _ = heard
    assert mail.split()[2:] == ["RET=HDRS", f"ENVID={message}"]
    assert recipients == [
        f"RCPT TO:<joe+7@customer.example.com> NOTIFY={notify} ORCPT=rfc822;joe+2B7@customer.example.com",
        f"RCPT TO:<ann@customer.example.com> NOTIFY={notify} ORCPT=rfc822;ann@customer.example.com",
    ]
    assert set(statuses().values()) == {"sent"}
