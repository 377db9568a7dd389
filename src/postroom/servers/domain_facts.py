"""What is known of an alias domain before DNS is asked: who sends in its name, and with which keys it signs."""

from collections.abc import Iterator

from django.conf import settings

from postroom.domains.dns_check import report_address
from postroom.domains.keys import own_key
from postroom.domains.models import AliasDomain
from postroom.domains.senders import as_value
from postroom.errors import PostroomError
from postroom.policy.dns.facts import DomainFacts, Sender, SignedBy
from postroom.policy.from_filter import parse_from_filter
from postroom.policy.identity import find_identity
from postroom.servers.endpoints import DEFAULT_SERVER_NAME, default_endpoint
from postroom.servers.models import OutgoingServer
from postroom.servers.presets import find_preset
from postroom.servers.selection import in_order


def facts_of(domain: AliasDomain) -> DomainFacts:
    """For the DNS advice. SealBrokenError when a DKIM key cannot be read."""
    notification = find_identity(as_value(domain), None).notification
    from_domain = notification.mailbox.domain if notification else domain.name
    keys = domain.workspace.dkim_keys.filter(domain=from_domain).order_by("pk")
    return DomainFacts(
        domain=domain.name,
        from_domain=from_domain,
        senders=tuple(senders_of(domain)),
        keys=tuple(own_key(key) for key in keys),
        own_mx=settings.POSTROOM.mx_name or "",
        inboxes=tuple(_inboxes(domain)),
        report_address=report_address(domain.name),
    )


def senders_of(domain: AliasDomain) -> Iterator[Sender]:
    """The servers that send in the domain's name; the installation's default server where there are none at all."""
    active = [server for server in in_order(domain.workspace) if server.is_active]
    for server in active:
        if _may_send_for(server, domain.name):
            yield _as_sender(server)
    if not active:
        yield sender_at(DEFAULT_SERVER_NAME, _default_host())


def sender_at(name: str, host: str) -> Sender:
    """A server of which no more than its host is known."""
    return Sender(name, host, find_preset(host))


def _as_sender(server: OutgoingServer) -> Sender:
    is_default = server.authentication == OutgoingServer.Authentication.DEFAULT_SERVER
    host = _default_host() if is_default else server.host
    selectors = tuple(filter(None, (text.strip() for text in server.dkim_selectors.split(","))))
    return Sender(server.name, host, find_preset(host), SignedBy(server.signed_by), selectors)


def _may_send_for(server: OutgoingServer, domain: str) -> bool:
    """Without a filter mail leaves under the notification address, which is in the domain's name too."""
    from_filter = parse_from_filter(server.from_filter)
    holders = {address.rpartition("@")[2] for address in from_filter.addresses} | set(from_filter.domains)
    return from_filter.is_empty or domain in holders


def _default_host() -> str:
    try:
        return default_endpoint().host
    except PostroomError:
        return ""


def _inboxes(domain: AliasDomain) -> Iterator[tuple[str, str]]:
    """The addresses that need a mailbox or redirection at the domain's mail server, with what comes to them."""
    yield f"{domain.bounce}@{domain.name}", "delivery errors"
    yield f"{domain.catchall}@{domain.name}", "answers"
    if "@" not in domain.default_from:
        yield f"{domain.default_from}@{domain.name}", "answers to notifications"
    for alias in domain.aliases.order_by("local_part"):
        yield f"{alias.local_part}@{domain.name}", "an alias"
    yield report_address(domain.name), "DMARC and TLS reports"
