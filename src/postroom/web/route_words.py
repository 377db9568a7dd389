"""How is a routing decision told to somebody who never read the manual?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.outbound.simulate import Simulation
from postroom.policy.criteria import Standing
from postroom.rfc.address import Mailbox, domain_to_unicode, format_mailbox

WAYS = {
    "personal_server": gettext_lazy("It leaves through %(server)s: the author has connected this mailbox, %(about)s."),
    "filter_address": gettext_lazy(
        "It leaves through %(server)s, because its FROM filter holds the address %(about)s."
    ),
    "filter_domain": gettext_lazy("It leaves through %(server)s, because its FROM filter holds the domain %(about)s."),
    "notification_server": gettext_lazy(
        "It leaves through %(server)s: no FROM filter holds %(author)s or its domain, and this workspace then prefers "
        "the server of the notification address %(about)s."
    ),
    "no_filter": gettext_lazy(
        "It leaves through %(server)s: no FROM filter holds %(author)s or its domain, and this is the first server "
        "without a filter."
    ),
    "first_server": gettext_lazy(
        "It leaves through %(server)s: no FROM filter holds %(author)s or its domain, every server has one, and this "
        "is the first."
    ),
    "default_server": gettext_lazy(
        "It leaves through this installation's default server: there is no outgoing server."
    ),
    "forced_server": gettext_lazy(
        "It leaves through %(server)s, because the template or the Dedicated Server setting says so."
    ),
}


def server_sentence(simulation: Simulation) -> str:
    """Which server, and because of what."""
    deciding = next(row for row in simulation.table.criteria if row.standing is Standing.DECIDES)
    return str(WAYS[deciding.name]) % {
        "server": server_name(simulation),
        "about": deciding.about,
        "author": _searched(simulation),
    }


def from_sentence(simulation: Simulation, author: Mailbox | None) -> str:
    """Whether recipients see the author's From, and if not, why."""
    return _words_of_from(simulation, author) % {
        "from": format_mailbox(simulation.decision.from_),
        "server": server_name(simulation),
        "author": readable(author) if author else "",
    }


def _words_of_from(simulation: Simulation, author: Mailbox | None) -> str:
    if author is None:
        return _("The message has no author, so the system speaks as %(from)s.")
    if not simulation.decision.from_rewritten:
        return _("Recipients see the author's own address, %(from)s.")
    if simulation.identity.overrides_from:
        return _(
            "Recipients see %(from)s, because the Default From Alias of the company is a complete address: "
            "it replaces every sender."
        )
    server = simulation.decision.server
    if server and not server.from_filter:
        return _(
            "Recipients see %(from)s, because %(server)s has no FROM filter: "
            "the notification address stands in, under the author's name."
        )
    return _(
        "Recipients see %(from)s, because the FROM filter of %(server)s does not hold %(author)s or its domain: "
        "the notification address stands in, under the author's name."
    )


def dmarc_sentence(simulation: Simulation) -> str:
    """Whether DMARC can pass, and by what."""
    dmarc = simulation.columns["trace"]["dmarc"]
    facts = {"domain": domain_to_unicode(simulation.decision.from_.domain)}
    if dmarc["spf"] and dmarc["dkim"]:
        return _("DMARC can pass for %(domain)s: by the return path (SPF) and by a signature (DKIM).") % facts
    if dmarc["spf"]:
        return _("DMARC can pass for %(domain)s: the return path belongs to it (SPF).") % facts
    if dmarc["dkim"]:
        return _("DMARC can pass for %(domain)s: it is signed for it (DKIM).") % facts
    return _("DMARC will fail for %(domain)s: neither the return path nor a signature belongs to it.") % facts


def bounce_warning(simulation: Simulation) -> str:
    """Why delivery errors will not come back; "" when they do."""
    if any(step.criterion == "bounce_address" and step.matched for step in simulation.decision.steps):
        return ""
    bounce = simulation.identity.bounce
    if bounce is None:
        return _(
            "Delivery errors will not come back: there is no bounce address. Set an alias domain with a Bounce Alias."
        )
    return _(
        "Delivery errors will not come back: they go to %(return_path)s, because the FROM filter of %(server)s does "
        "not hold %(bounce)s. Add its domain to the filter if the provider allows that."
    ) % {
        "return_path": simulation.decision.return_path,
        "server": server_name(simulation),
        "bounce": bounce.text,
    }


def server_name(simulation: Simulation) -> str:
    server = simulation.decision.server
    return _("the default server") if server is None else server.name


def readable(mailbox: Mailbox) -> str:
    return f"{mailbox.local}@{domain_to_unicode(mailbox.domain)}"


def _searched(simulation: Simulation) -> str:
    found = next((row.about for row in simulation.table.criteria if row.name == "filter_address"), "")
    return found or readable(simulation.decision.from_)
