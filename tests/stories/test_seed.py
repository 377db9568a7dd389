"""Does Postroom do what the manual page promises, with its own names and addresses? Real servers at both ends."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.peers.postfix import Postfix
from tests.stories.office import Office, Postroom

pytestmark = pytest.mark.story


def received(postfix: Postfix, address: str) -> EmailMessage:
    """The one message that arrived for `address`."""
    (raw,) = postfix.messages(address)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_new_workspace_sends_from_its_sub_domain_at_once(office: Office, postfix: Postfix, mary: str) -> None:
    subdomain = f"{office.slug}.example"
    sent = office.post(to=mary)  # nobody is named as author: the system speaks
    office.settled(sent["id"])
    mail = received(postfix, mary)
    assert mail["From"].addresses[0].addr_spec == f"notifications@{subdomain}"
    assert mail["Reply-To"].addresses[0].addr_spec == f"catchall@{subdomain}"
    assert mail["Return-Path"] == f"<bounce@{subdomain}>"


def test_a_from_outside_the_default_filter_is_replaced_and_keeps_its_name(
    office: Office, postfix: Postfix, mary: str
) -> None:
    office.settled(office.post(from_='"Mitchell Admin" <admin@customer.example.com>', to=mary)["id"])
    author = received(postfix, mary)["From"].addresses[0]
    assert author.display_name == "Mitchell Admin"
    assert author.addr_spec == f"notifications@{office.slug}.example"


def test_the_default_filter_parameter_lists_domains_and_addresses(office: Office, postfix: Postfix, mary: str) -> None:
    value = f"{office.slug}.example, sales@other.example.com"
    office.postroom.run("workspace", "parameter", "mail.default.from_filter", value, "--workspace", office.slug)
    kept = office.post(from_="sales@other.example.com", to=mary)
    replaced = office.post(from_="support@other.example.com", to=mary)
    assert (kept["from_address"], kept["from_rewritten"]) == ("sales@other.example.com", False)
    assert (replaced["from_address"], replaced["from_rewritten"]) == (f"notifications@{office.slug}.example", True)
    office.settled(kept["id"])
    office.settled(replaced["id"])
    assert len(postfix.messages(mary, count=2)) == 2


def test_a_custom_domain_builds_all_default_addresses(office: Office, postfix: Postfix, mary: str) -> None:
    name = f"{office.slug}-company-name.com"
    office.add_domain(name)
    office.add_server("Company mail", "--from-filter", name, port=postfix.port)
    office.settled(office.post(to=mary)["id"])
    mail = received(postfix, mary)
    assert mail["From"].addresses[0].addr_spec == f"notifications@{name}"
    assert mail["Reply-To"].addresses[0].addr_spec == f"catchall@{name}"
    assert mail["Return-Path"] == f"<bounce@{name}>"


def test_the_first_alias_domain_goes_to_every_company_and_a_new_one_gets_the_lowest_priority(
    office: Office, mary: str
) -> None:
    first, preferred = f"{office.slug}-company-name.com", f"{office.slug}-second.example"
    office.postroom.run("workspace", "company", "Second Company", "--workspace", office.slug)
    office.add_domain(first)
    office.add_domain(preferred, "--priority", "1")
    office.postroom.run("workspace", "company", "Third Company", "--workspace", office.slug)
    domains = {
        company: office.post(to=mary, company=company)["reply_to"].rpartition("@")[2]
        for company in ("My Company", "Second Company", "Third Company")
    }
    assert domains == {"My Company": first, "Second Company": first, "Third Company": preferred}


def test_only_a_server_whose_filter_holds_the_from_keeps_it(office: Office, postfix: Postfix, mary: str) -> None:
    """The page's example: test@example.com needs a filter of test@example.com or example.com."""
    office.add_domain(f"{office.slug}.company-name.com")
    office.add_server("By domain", "--from-filter", "example.com", "--priority", "5", port=postfix.port)
    office.add_server("By address", "--from-filter", "test@example.com", "--priority", "9", port=postfix.port)
    chosen = {
        who: office.post(from_=who, to=mary) for who in ("test@example.com", "other@example.com", "x@sub.example.com")
    }
    assert [(c["server"], c["from_rewritten"]) for c in chosen.values()] == [
        ("By address", False),
        ("By domain", False),
        ("By domain", True),
    ]


def test_the_first_server_is_the_lowest_priority_then_the_first_name(
    office: Office, postfix: Postfix, mary: str
) -> None:
    office.add_domain(f"{office.slug}.company-name.com")
    for name, priority in (("zebra", "2"), ("Beta", "2"), ("alpha", "3")):
        office.add_server(name, "--priority", priority, port=postfix.port)
    sent = office.post(from_="mary@customer.example.com", to=mary)
    assert (sent["server"], sent["from_address"]) == ("Beta", f"notifications@{office.slug}.company-name.com")


def test_transactional_and_mass_mail_take_their_own_servers(
    office: Office, postfix: Postfix, postroom: Postroom, mary: str
) -> None:
    domain = f"{office.slug}.company-name.com"
    office.add_domain(domain)
    office.add_server("Transactional", "--priority", "1", "--from-filter", domain, port=postfix.port)
    office.add_server("Mass mailings", "--priority", "2", "--from-filter", domain, port=postroom.capture_port)
    postroom.run("server", "dedicate", "Mass mailings", "--workspace", office.slug)
    invoice = office.settled(office.post(from_=f"billing@{domain}", to=mary)["id"])
    newsletter = office.settled(office.post(from_=f"news@{domain}", to=mary, stream="mass")["id"])
    assert (invoice["server"], newsletter["server"]) == ("Transactional", "Mass mailings")
    assert received(postfix, mary)["From"].addresses[0].addr_spec == f"billing@{domain}"


def test_an_own_server_and_the_default_server_share_the_mail_by_filter(
    office: Office, postfix: Postfix, postroom: Postroom, mary: str
) -> None:
    """Beside an own server the default server is a record of its own, its filter the platform's sub-domain."""
    domain = f"{office.slug}.company-name.com"
    office.add_domain(domain)
    office.add_server("Own server", "--from-filter", domain, port=postroom.capture_port)
    postroom.run(
        "server", "add", "Default", "--default-server", "--from-filter", f"{office.slug}.example",
        "--priority", "20", "--workspace", office.slug,
    )  # fmt: skip
    own = office.settled(office.post(from_=f"mary@{domain}", to=mary)["id"])
    default = office.settled(office.post(from_=f"mary@{office.slug}.example", to=mary)["id"])
    assert (own["server"], default["server"]) == ("Own server", "Default")
    assert received(postfix, mary)["From"].addresses[0].addr_spec == f"mary@{office.slug}.example"


def test_a_customers_reply_is_redistributed_under_the_notification_address(
    office: Office, postfix: Postfix, mary: str
) -> None:
    """Mary's domain is not the alias domain: her name stays, her address does not."""
    office.settled(office.post(from_='"Mary" <mary@customer.example.com>', to=mary)["id"])
    mail = received(postfix, mary)
    assert str(mail["From"]) in (
        f"Mary <notifications@{office.slug}.example>",
        f'"Mary" <notifications@{office.slug}.example>',
    )


def test_a_complete_default_from_alias_overrides_every_from(office: Office, postfix: Postfix, mary: str) -> None:
    domain = f"{office.slug}.company-name.com"
    office.add_domain(domain, "--default-from", f"office@{domain}")
    office.add_server("Company mail", "--from-filter", domain, port=postfix.port)
    office.settled(office.post(from_=f'"Mary" <mary@{domain}>', to=mary)["id"])
    author = received(postfix, mary)["From"].addresses[0]
    assert (author.display_name, author.addr_spec) == ("Mary", f"office@{domain}")


def test_waiting_mail_follows_the_servers_of_its_sending_time(office: Office, postfix: Postfix, mary: str) -> None:
    office.add_server("Dead", "--from-filter", "customer.example.com", port=1)
    sent = office.post(from_="mary@customer.example.com", to=mary)
    office.wait(sent["id"], lambda message: message["deliveries"][0]["reason"])
    office.postroom.run("server", "archive", "Dead", "--workspace", office.slug)
    office.add_server("Alive", "--from-filter", "customer.example.com", port=postfix.port)
    message = office.settled(sent["id"])
    assert (message["server"], message["status"]) == ("Alive", "sent")
    received(postfix, mary)
