"""Does the page of a domain's records show what DNS holds beside what it should hold, and help to mend it?"""

import json
from datetime import timedelta
from html import unescape
from quopri import decodestring

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain, DkimKey, DmarcReport, DmarcRow, DomainCheck
from postroom.inbound.models import AddressProbe
from postroom.outbound.models import Message
from postroom.policy.dns.advice import advise
from postroom.policy.dns.answers import Answer, Answers, Question, Status
from postroom.policy.dns.facts import DomainFacts, Sender
from postroom.policy.dns.writing import tell
from postroom.workspaces.models import Change, Workspace
from tests.inbound.mail import take

FINDING = {
    "purpose": "spf", "name": "company-name.com", "type": "TXT", "verdict": "wrong", "change": "Change the SPF record.",
    "expected": "v=spf1 include:example.net ~all", "found": ["v=spf1 -all"], "words": "Our server is missing.",
    "remarks": [], "dnssec": False,
}  # fmt: skip
REPORT = {
    "domain": "company-name.com", "verdict": "wrong", "findings": [FINDING], "addresses": [],
    "next_policy": {"policy": "reject"},
    "ladder": [
        {"policy": "quarantine", "record": "v=DMARC1; p=quarantine", "changes": "A", "before": "B", "is_present": True},
        {"policy": "reject", "record": "v=DMARC1; p=reject",
         "changes": "It is refused.", "before": "", "is_present": False},
    ],
    "servers": [{
        "server": "Brevo", "from_domain": "company-name.com", "spf_domain": "", "dkim_domain": "company-name.com",
        "spf": "fail", "dkim": "fail", "dmarc": "fail", "words": "It fails DMARC.",
    }],
}  # fmt: skip


@pytest.fixture
def domain(workspace: Workspace) -> AliasDomain:
    return save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))


@pytest.fixture
def check(domain: AliasDomain) -> DomainCheck:
    return DomainCheck.objects.create(alias_domain=domain, verdict="wrong", report=REPORT, routing_version=1)


@pytest.fixture
def page(domain: AliasDomain) -> str:
    return f"/settings/alias-domains/{domain.pk}/records"


def jobs_of(task: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [task])
        return int(cursor.fetchone()[0])


def test_says_that_dns_was_not_asked_yet(owner: Client, page: str) -> None:
    assert "DNS was not asked yet" in owner.get(page).content.decode()


def test_shows_what_was_found_beside_what_is_expected(owner: Client, page: str, check: DomainCheck) -> None:
    text = owner.get(page).content.decode()
    for words in ("1 record must change", "v=spf1 -all", "v=spf1 include:example.net ~all", "It fails DMARC."):
        assert words in text
    assert "company-name.com. IN TXT &quot;v=spf1 include:example.net ~all&quot;" in text


def test_shows_by_server_which_domains_align(owner: Client, page: str, check: DomainCheck) -> None:
    table = owner.get(page).content.decode().partition('id="servers"')[2].partition("</table>")[0]
    assert table.count("company-name.com") == 2
    assert "the operator's own" in table
    assert table.count("wrong") == 3


def test_shows_every_step_of_the_policy_with_its_record_to_copy(owner: Client, page: str, check: DomainCheck) -> None:
    text = owner.get(page).content.decode().partition('id="policy"')[2]
    present, _, following = text.partition("p=reject")
    assert "now" in present
    assert "next step" in following
    assert "It is refused." in following
    assert 'data-copy="v=DMARC1; p=reject"' in following


def test_check_now_asks_a_worker_and_waits_for_its_answer(owner: Client, page: str, check: DomainCheck) -> None:
    answer = owner.post(page)
    assert jobs_of("servers.check_domain") == 1
    check.checked_at = timezone.now() - timedelta(minutes=1)
    check.save()
    assert "DNS is being asked" in owner.get(answer["Location"]).content.decode()
    check.checked_at = timezone.now() + timedelta(seconds=1)
    check.save()
    assert "DNS is being asked" not in owner.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize("since", ["x", "99999999999999999999", "-1", "²", ""])
def test_passes_over_nonsense_in_the_address(owner: Client, page: str, since: str) -> None:
    assert owner.get(page, {"since": since}).status_code == 200


def test_keys_are_made_noted_and_shown_with_their_records(owner: Client, page: str, domain: AliasDomain) -> None:
    path = f"/settings/alias-domains/{domain.pk}/keys"
    owner.post(path)
    keys = list(DkimKey.objects.all())
    assert {key.algorithm for key in keys} == {"rsa", "ed25519"}
    text = owner.get(page).content.decode()
    assert all(str(key) in text for key in keys)
    assert "PRIVATE KEY" not in text
    notes = Change.objects.filter(kind="dkim key")
    assert [note.after and note.after["private_key"] for note in notes] == ["•••", "•••"]
    assert "waits to be seen in DNS" in owner.post(path, follow=True).content.decode()


def test_a_key_of_another_installation_is_told_of(owner: Client, page: str, domain: AliasDomain) -> None:
    owner.post(f"/settings/alias-domains/{domain.pk}/keys")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE domains_dkimkey SET private_key = 'v1:broken'")
    assert "made under another secret key" in owner.get(page).content.decode()


def test_the_records_are_mailed_to_who_looks_after_dns(owner: Client, domain: AliasDomain, check: DomainCheck) -> None:
    path = f"/settings/alias-domains/{domain.pk}/letter"
    assert "include:example.net" in owner.get(path).content.decode()
    assert owner.post(path, {"to": "nobody"}).status_code == 200
    owner.post(path, {"to": "dns@provider.example"})
    message = Message.objects.get()
    assert message.deliveries.get().recipient == "dns@provider.example"
    assert message.author_from == "olga@company-name.com"
    assert b"include:example.net" in bytes(message.content.body)


def test_reports_are_summed_up_by_sender(owner: Client, page: str, workspace: Workspace) -> None:
    now = timezone.now()
    report = DmarcReport.objects.create(
        workspace=workspace, domain="company-name.com", reporter="google.com", report_id="1", policy="none",
        begin_at=now - timedelta(days=2), end_at=now - timedelta(days=1),
    )  # fmt: skip
    DmarcRow.objects.create(
        report=report, source="192.0.2.7", count=12, disposition="none", dkim_aligned=False, spf_aligned=False,
        header_from="company-name.com", signatures=[],
    )  # fmt: skip
    text = owner.get(page).content.decode()
    assert "0 of 12 reported messages pass DMARC" in text
    assert "192.0.2.7" in text


def test_a_french_reader_reads_the_check_and_sends_the_letter_in_french(owner: Client, domain: AliasDomain) -> None:
    """From a check that was kept in nobody's language."""
    facts = DomainFacts(
        domain.name, domain.name, (Sender("Own", "mail.company-name.com"),), report_address="r@a.example"
    )
    advice = advise(facts, Answers(dict.fromkeys(every_question(facts), Answer(Status.NXDOMAIN))))
    DomainCheck.objects.create(
        alias_domain=domain, verdict=advice.verdict, report=json.loads(json.dumps(tell(advice))), routing_version=1
    )
    language = {"accept-language": "fr"}
    text = unescape(owner.get(f"/settings/alias-domains/{domain.pk}/records", headers=language).content.decode())
    for words in (
        "company-name.com n'a pas d'enregistrement SPF",
        "Ajoutez l'enregistrement TXT « v=spf1 a:mail.company-name.com ~all » sous company-name.com.",
        "Il n'y a pas d'enregistrement DMARC",
        "Personne ne reçoit le courrier de company-name.com",
        "Les destinataires ne peuvent pas le distinguer d'un faux",
    ):
        assert words in text
    path = f"/settings/alias-domains/{domain.pk}/letter"
    assert "Bonjour, pour que le courrier" in unescape(owner.get(path, headers=language).content.decode())
    owner.post(path, {"to": "dns@provider.example"}, headers=language)
    message = Message.objects.get()
    assert "Enregistrements DNS" in message.subject
    assert "Ajoutez l'enregistrement" in decodestring(bytes(message.content.body)).decode()


def every_question(facts: DomainFacts) -> set[Question]:
    """What the advice asks for as long as nothing is there."""
    known: set[Question] = set()
    while True:
        answers = Answers(dict.fromkeys(known, Answer(Status.NXDOMAIN)))
        advise(facts, answers)
        if not answers.wanted:
            return known
        known |= answers.wanted


def test_says_who_receives_the_domains_mail_now(owner: Client, page: str, check: DomainCheck) -> None:
    mx = FINDING | {"purpose": "mx", "found": ["1 aspmx.l.google.com"]}
    address = {"address": "bounce@company-name.com", "purpose": "delivery errors"}
    DomainCheck.objects.update(report=REPORT | {"findings": [mx], "addresses": [address]})
    assert "is received by Google Workspace" in owner.get(page).content.decode()
    DomainCheck.objects.update(
        report=REPORT | {"findings": [mx | {"found": ["1 mx.b.example"]}], "addresses": [address]}
    )
    assert "is received by" not in owner.get(page).content.decode()


def test_the_addresses_that_must_receive_show_which_are_proven(
    owner: Client, member: Client, page: str, domain: AliasDomain, check: DomainCheck, workspace: Workspace
) -> None:
    """Asked for on the page, carried by a mail of our own that comes back."""
    addresses = [{"address": f"{name}@company-name.com", "purpose": "answers"} for name in ("bounce", "catchall")]
    DomainCheck.objects.update(report=REPORT | {"addresses": addresses})
    text = owner.get(page).content.decode()
    assert text.count("not tested") == 2
    assert member.post(f"/settings/alias-domains/{domain.pk}/probes").status_code == 403
    owner.post(f"/settings/alias-domains/{domain.pk}/probes")
    assert owner.get(page).content.decode().count("a test mail is on its way") == 2
    probe = AddressProbe.objects.get(address="catchall@company-name.com")
    message = Message.objects.get(pk=probe.message)
    take(bytes(message.content.head) + bytes(message.content.body), "catchall@company-name.com")
    text = owner.get(page).content.decode()
    assert text.count("a test mail is on its way") == 1
    assert "works" in text
