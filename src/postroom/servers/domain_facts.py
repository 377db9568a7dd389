"""What is known of an alias domain before DNS is asked: who sends in its name, and with which keys it signs."""

from collections.abc import Iterator
from dataclasses import replace

from django.conf import settings

from postroom.domains.dns_check import report_address
from postroom.domains.keys import own_key
from postroom.domains.models import AliasDomain
from postroom.domains.senders import as_value
from postroom.errors import PostroomError
from postroom.policy.dns.facts import DomainFacts, Sender, SignedBy
from postroom.policy.identity import find_identity
from postroom.servers.endpoints import DEFAULT_SERVER_NAME, default_endpoint, is_capture
from postroom.servers.models import OutgoingServer
from postroom.servers.presets import find_preset
from postroom.servers.selection import dedicated_server, in_order, routing_table


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
    table = routing_table(domain.workspace)
    mass = dedicated_server(domain.workspace)  # takes mailings whatever its filter holds
    keys = table.senders_for(domain.name)
    for server in in_order(domain.workspace):
        if server.pk in keys or server.pk == mass:
            yield _as_sender(server)
    if table.fallback.server is None:
        yield default_sender()


def _as_sender(server: OutgoingServer) -> Sender:
    selectors = tuple(filter(None, (text.strip() for text in server.dkim_selectors.split(","))))
    sender = Sender(server.name, signed_by=SignedBy(server.signed_by), selectors=selectors)
    if server.authentication == OutgoingServer.Authentication.DEFAULT_SERVER:
        return default_sender(sender)
    is_captured = is_capture(server.host, server.port)
    return replace(sender, host=server.host, preset=find_preset(server.host), is_captured=is_captured)


def default_sender(sender: Sender | None = None) -> Sender:
    """The installation's default server, under its own name or as the row `sender` that stands for it.

    A hosted platform's server returns errors to the platform (requirement A1), so that SPF counts for that alone.
    """
    env, (host, port) = settings.POSTROOM, _default_place()
    return replace(
        sender or Sender(DEFAULT_SERVER_NAME),
        host=host,
        preset=find_preset(host),
        spf=env.default_server_spf or "",
        keeps_return_path=not env.hosted,
        is_captured=is_capture(host, port),
    )


def _default_place() -> tuple[str, int]:
    """Host and port; "" and 0 where there is no default server."""
    try:
        endpoint = default_endpoint()
    except PostroomError:
        return "", 0
    return endpoint.host, endpoint.port


def _inboxes(domain: AliasDomain) -> Iterator[tuple[str, str]]:
    """The addresses that need a mailbox or redirection at the domain's mail server, with what comes to them."""
    yield f"{domain.bounce}@{domain.name}", "delivery errors"
    yield f"{domain.catchall}@{domain.name}", "answers"
    if "@" not in domain.default_from:
        yield f"{domain.default_from}@{domain.name}", "answers to notifications"
    for alias in domain.aliases.order_by("local_part"):
        yield f"{alias.local_part}@{domain.name}", "an alias"
    yield report_address(domain.name), "DMARC and TLS reports"
