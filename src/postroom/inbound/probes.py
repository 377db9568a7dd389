"""Does what is sent to one of our addresses arrive here? A mail of our own goes out and must come back.

At a domain whose mail another server takes, each bounce, catchall, notification, report and alias address needs a
mailbox that is fetched or a redirection to us, and nobody but a mail through the outside can tell whether it works.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from postroom.domains.alias_domains import unclaimed
from postroom.domains.aliases import UnknownAliasError, note_status
from postroom.domains.dns_check import report_address
from postroom.domains.models import Alias, AliasDomain, ClaimedAddress, RetiredAddress
from postroom.errors import PostroomError
from postroom.inbound.confirmations import CONFIRMATION_ALERT
from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import AddressProbe, State
from postroom.outbound.models import Delivery
from postroom.outbound.submit import Submission, submit
from postroom.policy.composition import Draft
from postroom.rfc.address import parse_mailbox
from postroom.rfc.auto_submitted import automatic_marks
from postroom.workspaces.access import company_of
from postroom.workspaces.alerts import clear_alert, open_alerts, raise_alert
from postroom.workspaces.models import Company, Workspace

log = structlog.get_logger()
FIELD = "X-Postroom-Probe"
PROBE_ALERT = "address_probe"
PATIENCE = timedelta(minutes=30)  # after a server took it: greylisting, and mailboxes that are looked at by turns
LONGEST_QUEUE = timedelta(days=1)
# An address that was probed once is probed again, since mailboxes fill up and redirections get lost.
AGAIN_AFTER = timedelta(days=7)
_TEXT = (
    "This mail was sent by Postroom to see whether mail to this address arrives at Postroom.\n\n"
    "If you read it in a mailbox, mail to this address ends there: have that mailbox fetched by an incoming server, or "
    "redirect the address.\n"
)


class Proof(StrEnum):
    """What is known of an address."""

    NOT_TESTED = "not_tested"
    WAITING = "waiting"  # the mail is on its way
    VALID = "valid"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Need:
    """An address that mail is asked to go to. `at`: when its proof was seen; `source`: the way the mail came by."""

    address: str
    use: str
    needs_set_up: bool  # False at the sub-domain, whose mail comes here anyway
    proof: Proof
    at: datetime | None = None
    source: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """An address that mail comes to; `use` is bounce, catchall, alias, default_from or reports."""

    address: str
    use: str
    alias_domain: AliasDomain | None
    alias: Alias | None = None


def needs(workspace: Workspace) -> list[Need]:
    """Every address that needs a mailbox or a redirection at its domain's server, and which are proven to work."""
    newest = _newest(workspace)
    own = f"@{workspace.subdomain}"
    return [
        _need(place, newest.get(place.address), needs_set_up=not place.address.endswith(own))
        for place in sorted(_places(workspace), key=lambda place: place.address)
    ]


def _places(workspace: Workspace) -> list[_Place]:
    """What somebody holds, then what a domain's own mail is from, and where its DNS records ask for reports."""
    claims = ClaimedAddress.objects.filter(workspace=workspace)
    found = {
        claim.address: _Place(claim.address, claim.use, claim.alias_domain, claim.alias)
        for claim in claims.select_related("alias_domain", "alias__alias_domain")
    }
    for domain in workspace.alias_domains.order_by("priority", "pk"):
        senders = [address for address, use in unclaimed(domain) if use == RetiredAddress.Use.DEFAULT_FROM]
        for address in senders:
            found.setdefault(address, _Place(address, "default_from", domain))
        reports = report_address(domain.name)
        found.setdefault(reports, _Place(reports, "reports", domain))
    return list(found.values())


def send_probe(workspace: Workspace, address: str) -> AddressProbe:
    """Send a mail to one of the workspace's addresses; UnknownAliasError when it is none, or what `submit` raises."""
    place = next((place for place in _places(workspace) if place.address == address.lower()), None)
    if place is None:
        raise UnknownAliasError(
            f"{address} is no alias, bounce or catchall address of this workspace.", field="address"
        )
    token = secrets.token_urlsafe(24)
    draft = Draft(
        from_=None,
        to=(parse_mailbox(place.address),),
        subject=f"Does mail to {place.address} arrive?",
        text=_TEXT,
        headers=((FIELD, token), *automatic_marks()),
    )
    submission = Submission(content=draft, company=_company(workspace, place), source="probe", is_automatic=True)
    with transaction.atomic():
        (queued,) = submit([submission])
        return AddressProbe.objects.create(workspace=workspace, address=place.address, token=token, message=queued.id)


def send_due() -> int:
    """Probe again what was probed long ago; how many."""
    long_ago = timezone.now() - AGAIN_AFTER
    last = AddressProbe.objects.values("workspace", "address").annotate(last=Max("sent_at")).filter(last__lt=long_ago)
    count = 0
    for row in last:
        try:
            send_probe(Workspace.objects.get(pk=row["workspace"]), row["address"])
            count += 1
        except UnknownAliasError:  # no longer in use
            AddressProbe.objects.filter(workspace=row["workspace"], address=row["address"]).delete()
        except PostroomError as error:
            log.warning("probe.not_sent", address=row["address"], error=error.code)
    return count


def settle_probe(mail: Incoming) -> Settled | None:
    """Our own probe has come back, by whatever way and however often."""
    token = mail.fields.get(FIELD.lower(), "").strip()
    probe = AddressProbe.objects.filter(token=token, workspace=mail.workspace).first() if token else None
    if probe is None:
        return None
    if probe.arrived_at is None:
        probe.arrived_at, probe.source, probe.fault = timezone.now(), mail.content.source, ""
        probe.recipient = mail.row.recipient[:320]
        probe.save(update_fields=["arrived_at", "source", "recipient", "fault"])
        _tell(probe, Alias.Status.VALID)
    return Settled(State.HANDLED, f"A probe of {probe.address} has come back.")


def judge_lost() -> int:
    """Say of probes that have not come back in time, or could not be sent, that their address does not work."""
    count = 0
    for probe in AddressProbe.objects.filter(arrived_at=None, fault="").select_related("workspace"):
        fault = _fault(probe)
        if fault and AddressProbe.objects.filter(pk=probe.pk, arrived_at=None, fault="").update(fault=fault):
            probe.fault = fault
            _tell(probe, Alias.Status.INVALID)
            count += 1
    return count


def _fault(probe: AddressProbe) -> str:
    """Why it will not come back; "" while it may."""
    delivery = Delivery.objects.filter(message_id=probe.message).first()
    now = timezone.now()
    if delivery is None or delivery.finished_at is None:
        return (
            "It has not left for a day; see why its server's queue waits."
            if now - probe.sent_at > LONGEST_QUEUE
            else ""
        )
    if delivery.status != "sent":
        words = f"It could not be delivered: {delivery.reason or delivery.status}"
        said = f"The server said: {delivery.reply_text}"
        return f"{words} {said}" if delivery.reply_text else words
    if now - delivery.finished_at <= PATIENCE:
        return ""
    return f"A server took it, and nothing came back within {PATIENCE.total_seconds() / 60:.0f} minutes."


def _tell(probe: AddressProbe, status: Alias.Status) -> None:
    claim = ClaimedAddress.objects.filter(address=probe.address).exclude(alias=None).select_related("alias").first()
    if claim and claim.alias:
        note_status(claim.alias, status)
    if status == Alias.Status.VALID:
        clear_alert(probe.workspace, PROBE_ALERT, probe.address[:255])
        asked = open_alerts().filter(workspace=probe.workspace, kind=CONFIRMATION_ALERT)
        asked.filter(subject__endswith=f" {probe.address}").update(resolved_at=Now())
        return
    raise_alert(
        probe.workspace,
        PROBE_ALERT,
        probe.address[:255],
        what_happened=f"Mail to {probe.address} does not arrive here. {probe.fault}",
        what_to_do="Redirect the address to the same local part at the workspace's sub-domain, or make a mailbox of it "
        f"that an incoming server fetches. Then `postroom alias probe {probe.address}`.",
    )


def _newest(workspace: Workspace) -> dict[str, AddressProbe]:
    probes = AddressProbe.objects.filter(workspace=workspace).order_by("address", "-id").distinct("address")
    return {probe.address: probe for probe in probes}


def _need(place: _Place, probe: AddressProbe | None, *, needs_set_up: bool) -> Need:
    proof, at = _proof(place, probe)
    fault, source = (probe.fault, probe.source) if probe else ("", "")
    return Need(place.address, place.use, needs_set_up, proof, at, source, fault)


def _proof(place: _Place, probe: AddressProbe | None) -> tuple[Proof, datetime | None]:
    """What the newest probe says; without one, whether mail was seen to come to the alias."""
    if probe is not None and probe.arrived_at:
        return Proof.VALID, probe.arrived_at
    if probe is not None:
        return (Proof.INVALID if probe.fault else Proof.WAITING), probe.sent_at
    if place.alias is None:
        return Proof.NOT_TESTED, None
    return Proof(place.alias.status), place.alias.status_at


def _company(workspace: Workspace, place: _Place) -> Company:
    """Who sends as the address's domain, else the workspace's first."""
    domain = place.alias_domain or (place.alias and place.alias.alias_domain)
    choice = domain and domain.company_choices.select_related("company").order_by("company").first()
    return choice.company if choice else company_of(workspace, None)
