"""Is a domain authenticated? Its DNS records as found and as expected, its DKIM keys, and what receivers report."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from postroom.domains.keys import begin_platform_rotation, begin_rotation, own_key
from postroom.domains.models import AliasDomain, DkimKey
from postroom.domains.reports import summarise_dmarc, summarise_tls
from postroom.errors import PostroomError
from postroom.inbound import probes
from postroom.inbound.probes import Need
from postroom.outbound.dns_letter import send_dns_letter
from postroom.policy.composition import Draft
from postroom.policy.dns.findings import Purpose
from postroom.policy.dns.writing import letter, told_records, zone_file
from postroom.policy.permission import Action
from postroom.rfc.address import parse_mailbox
from postroom.servers.domain_health import ask_for_check, newest_check
from postroom.servers.presets import find_receiver
from postroom.vault import SealBrokenError
from postroom.web.forms import stored
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.views.alias_domains import find_domain
from postroom.web.vocabulary import DNS_VERDICTS, INBOX_USES, KEY_STATES
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.language import told

# Where DNS is silent a check takes half a minute; what takes longer has no worker.
MOST_TIME = timedelta(minutes=2)
REPORT_DAYS = 30


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A DKIM key; `record` is "" where nothing is to be published any more, or the key cannot be read."""

    name: str
    algorithm: str
    state: str
    type: str
    record: str


@dataclass(frozen=True, slots=True)
class InboxRow:
    """An address that needs a mailbox or redirection; `need` says whether it is proven, None: it cannot be tried."""

    address: str
    use: str
    need: Need | None


class LetterForm(forms.Form):
    """Who looks after the DNS."""

    to = forms.EmailField(label=gettext_lazy("E-mail address of your DNS administrator"), max_length=320)


@needs(Action.SEE_SETTINGS)
def domain_records(request: HttpRequest, seat: Seat, domain_id: int) -> HttpResponse:
    domain = find_domain(seat, domain_id)
    if request.method == "POST":
        if not seat.may(Action.CHANGE_SETTINGS):
            raise PermissionDenied
        ask_for_check(domain)
        return redirect(f"{reverse('domain-records', args=[domain.pk])}?since={timezone.now().timestamp():.0f}")
    context = {"domain": domain, **_checked(domain, _since(request))}
    if "HX-Request" in request.headers:
        return render(request, "web/_domain_check.html", context)
    context |= {
        "form": LetterForm(),
        "keys": [_key_row(key) for key in _keys(domain)],
        "dmarc": summarise_dmarc(seat.workspace, domain.name, days=REPORT_DAYS),
        "tls": summarise_tls(seat.workspace, domain.name, days=REPORT_DAYS),
    }
    return render(request, "web/domain_records.html", context)


@require_POST
@needs(Action.CHANGE_SETTINGS)
def rotate_keys(request: HttpRequest, seat: Seat, domain_id: int) -> HttpResponse:
    """New DKIM keys that sign once their records are seen."""
    domain = find_domain(seat, domain_id)
    try:
        with transaction.atomic():
            if "platform" in request.POST:
                keys = begin_platform_rotation(seat.workspace, domain.name)
            else:
                keys = begin_rotation(seat.workspace, domain.name, today=timezone.now().date())
            for key in keys:
                audit.record_change(key, workspace=seat.workspace, by=seat.user, before=None)
    except PostroomError as error:
        messages.error(request, words_of(error))
    else:
        messages.success(request, _("New keys are made. Publish their records below; they sign once DNS shows them."))
        ask_for_check(domain)
    return redirect("domain-records", domain.pk)


@needs(Action.CHANGE_SETTINGS)
def send_records(request: HttpRequest, seat: Seat, domain_id: int) -> HttpResponse:
    """What is missing or wrong, as a mail to whoever can change the domain's DNS."""
    domain = find_domain(seat, domain_id)
    check = newest_check(domain)
    if check is None:
        return redirect("domain-records", domain.pk)
    form = LetterForm(request.POST or None)
    subject, text = letter(check.report, told)
    draft = _addressed(seat, form, subject=subject, text=text) if form.is_valid() else None
    if draft and stored(form, lambda: send_dns_letter(domain, draft, source="web")):
        messages.success(request, _("The records are on their way to %(to)s.") % form.cleaned_data)
        return redirect("domain-records", domain.pk)
    context = {"domain": domain, "form": form, "subject": subject, "text": text}
    return render(request, "web/domain_letter.html", context)


def _addressed(seat: Seat, form: LetterForm, *, subject: str, text: str) -> Draft:
    """From the person, to whom answers come."""
    author = replace(parse_mailbox(seat.user.email), name=seat.user.name)
    return Draft(from_=author, to=(parse_mailbox(form.cleaned_data["to"]),), subject=subject, text=text)


@require_POST
@needs(Action.CHANGE_SETTINGS)
def send_probes(request: HttpRequest, seat: Seat, domain_id: int) -> HttpResponse:
    """A mail to each address of the domain, which must come back."""
    domain = find_domain(seat, domain_id)
    found = [need for need in probes.needs(seat.workspace) if need.address.endswith(f"@{domain.name}")]
    try:
        with transaction.atomic():
            for need in found:
                probes.send_probe(seat.workspace, need.address)
    except PostroomError as error:
        messages.error(request, words_of(error))
    else:
        words = _("A test mail is on its way to each address. It is proven once that mail has come back.")
        messages.success(request, words)
    return redirect(f"{reverse('domain-records', args=[domain.pk])}#addresses")


def _since(request: HttpRequest) -> datetime | None:
    """When a check was asked for, as long as its result may still come."""
    text = request.GET.get("since", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 11):
        return None
    since = datetime.fromtimestamp(int(text), UTC)
    return since if timezone.now() - since < MOST_TIME else None


def _checked(domain: AliasDomain, since: datetime | None) -> dict[str, Any]:
    check = newest_check(domain)
    waits = since is not None and (check is None or check.checked_at < since)
    facts: dict[str, Any] = {"check": check, "waits": waits, "since": since and f"{since.timestamp():.0f}"}
    if check is None:
        return facts
    report = check.report
    findings = [finding | {"verdict": DNS_VERDICTS[finding["verdict"]]} for finding in report["findings"]]
    return facts | {
        "verdict": DNS_VERDICTS[check.verdict],
        "findings": findings,
        "faults": sum(finding["verdict"] in ("missing", "fault") for finding in findings),
        "standings": report["servers"],
        "is_captured": {told.get("is_captured", False) for told in report["servers"]} == {True},
        "inboxes": _inboxes(domain, report["addresses"]),
        "receiver": _receiver(findings),
        "ladder": report.get("ladder", []),  # of checks since November 2026
        "next_policy": (report["next_policy"] or {}).get("policy"),
        "zone": zone_file(told_records(report)),
    }


def _inboxes(domain: AliasDomain, addresses: list[dict[str, str]]) -> list[InboxRow]:
    known = {need.address: need for need in probes.needs(domain.workspace)}
    return [
        InboxRow(row["address"], str(INBOX_USES.get(row["purpose"], row["purpose"])), known.get(row["address"]))
        for row in addresses
    ]


def _receiver(findings: list[dict[str, Any]]) -> str:
    """The provider that has the domain's mailboxes; "" when it is none that is known."""
    exchanges = (value.split()[-1] for f in findings if f["purpose"] == Purpose.MX for value in f["found"] if value)
    return next((preset.name for host in exchanges if (preset := find_receiver(host))), "")


def _keys(domain: AliasDomain) -> list[DkimKey]:
    """Without their private halves: one that cannot be read must not hide the others."""
    keys = domain.workspace.dkim_keys.filter(domain=domain.name, retired_at=None)
    return list(keys.defer("private_key").order_by("pk"))


def _key_row(key: DkimKey) -> KeyRow:
    try:
        own = own_key(key)
    except SealBrokenError:
        return KeyRow(str(key), key.algorithm, _("cannot be read: made under another secret key"), "", "")
    record = own.pointer or own.record
    return KeyRow(str(key), key.algorithm, str(KEY_STATES[own.state]), "CNAME" if own.pointer else "TXT", record)
