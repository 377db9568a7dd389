"""Do people find mail that had no place, see who sent it, and give it a place, once or always?"""

import pytest
from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.inbound.handle import handle_received
from postroom.inbound.models import IncomingContent, IncomingMessage, Rule, State
from postroom.threads.models import Record
from postroom.workspaces.models import Workspace
from tests.inbound.mail import letter, take
from tests.web.conversations import make_contact, make_record, receive_mail

NEWS = "news@company-name.com"


@pytest.fixture
def lost(workspace: Workspace) -> IncomingMessage:
    """Mary's mail to an address that nothing takes mail at."""
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    return take(letter(subject="Roof"), NEWS)


def shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response
    return response.content.decode()


def decide(client: Client, row: IncomingMessage, act: str, **fields: object) -> IncomingMessage:
    assert client.post(f"/desk/{row.pk}/decide", {"act": act, **fields}).status_code == 302
    handle_received()
    row.refresh_from_db()
    return row


def test_an_empty_desk_says_so(member: Client) -> None:
    assert "The desk is empty" in shown(member, "/desk")


def test_shows_what_waits_and_why(member: Client, lost: IncomingMessage) -> None:
    page = shown(member, "/desk?kind=nonsense&before=x")
    assert "Roof" in page
    assert lost.reason in page
    assert "No mail matches" in shown(member, "/desk?author=nobody@customer.example.com")
    assert "No mail matches" in shown(member, "/desk?state=dropped")


def test_home_leads_to_what_waits(member: Client, outsider: Client, lost: IncomingMessage) -> None:
    assert "1 mail</a>" in shown(member, "/")
    assert "found no place" not in shown(outsider, "/")


def test_shows_a_mail_with_what_proves_its_sender(member: Client, lost: IncomingMessage) -> None:
    assert "have not been looked at yet" in shown(member, f"/desk/{lost.pk}")
    failed = {"result": "fail", "domain": "customer.example.com", "reason": "No record allows it."}
    told = {"sentence": "Somebody else may have sent it.", "spf": failed, "dkim": [failed], "dmarc": failed}
    IncomingContent.objects.update(authentication=told)
    page = shown(member, f"/desk/{lost.pk}")
    assert "Somebody else may have sent it." in page
    assert page.count("No record allows it.") == 3
    assert "How are you?" in page
    raw = member.get(f"/desk/{lost.pk}/raw")
    assert raw.content == bytes(lost.content.raw)
    assert raw["Content-Disposition"].startswith("attachment")


def test_foreign_html_stays_in_its_frame(member: Client, workspace: Workspace, lost: IncomingMessage) -> None:
    raw = letter("Content-Type: text/html", subject="Html").replace(b"How are you?", b"<script>alert(1)</script><p>Hi")
    row = take(raw, NEWS)
    assert "alert(1)" not in shown(member, f"/desk/{row.pk}")
    framed = member.get(f"/desk/{row.pk}/html")
    assert framed["Content-Security-Policy"].startswith("sandbox; default-src 'none'; img-src data:;")
    assert member.get(f"/desk/{lost.pk}/html").status_code == 404


def test_the_desk_of_others_is_not_there(outsider: Client, lost: IncomingMessage) -> None:
    assert "Roof" not in shown(outsider, "/desk")
    for path in ("", "/html", "/raw"):
        assert outsider.get(f"/desk/{lost.pk}{path}").status_code == 404
    assert outsider.post(f"/desk/{lost.pk}/decide", {"act": "drop"}).status_code == 404


def test_a_mail_is_put_into_a_conversation(member: Client, workspace: Workspace, lost: IncomingMessage) -> None:
    record = make_record(workspace)
    assert record.name.replace("'", "&#x27;") in shown(member, f"/desk/{lost.pk}?text=Roof")
    row = decide(member, lost, "attach", record=record.pk)
    assert (row.state, row.record) == (State.HANDLED, record)
    assert "How are you?" in shown(member, f"/records/{record.pk}")
    again = member.post(f"/desk/{lost.pk}/decide", {"act": "attach", "record": record.pk}, follow=True)
    assert "does not wait on the desk" in again.content.decode()


def test_a_record_is_made_of_a_mail(member: Client, workspace: Workspace, lost: IncomingMessage) -> None:
    make_record(workspace, "Another")
    row = decide(member, lost, "create", type="crm.lead", name="Roof of Mary's house")
    assert row.record
    assert (row.record.name, row.record.type.key) == ("Roof of Mary's house", "crm.lead")
    assert member.post(f"/desk/{lost.pk}/decide", {"act": "create", "type": "nonsense"}).status_code == 404


def test_a_record_is_made_of_what_a_mail_passes_on(member: Client, workspace: Workspace, lost: IncomingMessage) -> None:
    raw = letter("In-Reply-To: <x@x>", subject="WG: Dach").replace(
        b"How are you?", b"Von: Joe <joe@elsewhere.example>\r\nBetreff: Dach\r\n\r\nIt rains in."
    )
    row = take(raw, NEWS)
    make_record(workspace)
    page = shown(member, f"/desk/{row.pk}")
    assert "It rains in." in page
    assert "joe@elsewhere.example wrote it" in page
    assert "wrote it, and gets the answers" not in shown(member, f"/desk/{lost.pk}")
    decide(member, row, "create", type="crm.lead", of_original="on")
    assert Record.objects.get(name="Dach").posts.get().author == "Joe <joe@elsewhere.example>"


def test_only_who_sets_things_up_makes_an_alias(
    member: Client, owner: Client, workspace: Workspace, lost: IncomingMessage
) -> None:
    make_record(workspace, "Another")
    assert decide(member, lost, "alias", type="crm.lead").state == State.UNROUTED
    row = decide(owner, lost, "alias", type="crm.lead")
    assert workspace.aliases.get().address == NEWS
    assert row.record == Record.objects.get(name="Roof")


def test_what_is_dropped_is_restored(member: Client, lost: IncomingMessage) -> None:
    assert decide(member, lost, "drop").state == State.DROPPED
    assert "Roof" in shown(member, "/desk?state=dropped")
    assert decide(member, lost, "restore").state == State.UNROUTED
    assert member.post(f"/desk/{lost.pk}/decide", {"act": "nonsense"}).status_code == 400


def test_a_decision_becomes_a_rule_that_can_be_ended(
    owner: Client, member: Client, workspace: Workspace, lost: IncomingMessage
) -> None:
    record = make_record(workspace)
    decide(member, lost, "attach", record=record.pk, always="on")
    assert not Rule.objects.exists()  # a member decides once
    assert decide(owner, lost, "attach", record=record.pk, always="on").state == State.HANDLED
    assert take(letter(subject="Roof again"), NEWS).record == record
    assert "It goes into" in shown(owner, "/desk/rules")
    rule = Rule.objects.get()
    assert member.post("/desk/rules", {"rule": rule.pk}).status_code == 403
    owner.post("/desk/rules", {"rule": rule.pk})
    assert "There are no rules" in shown(owner, "/desk/rules")


def test_such_mail_is_always_dropped_or_made_a_record(
    owner: Client, workspace: Workspace, lost: IncomingMessage
) -> None:
    make_record(workspace, "Another")
    assert decide(owner, lost, "drop", always="on").state == State.DROPPED
    decide(owner, lost, "create", type="crm.lead", always="on")
    assert take(letter(subject="Gutters"), NEWS).record == Record.objects.get(name="Gutters")


def test_ticked_mail_or_all_that_a_filter_shows_is_dropped_restored_and_handled_again(
    owner: Client, member: Client, workspace: Workspace, lost: IncomingMessage
) -> None:
    other = take(letter(subject="Garden", from_="Joe <joe@customer.example.com>"), NEWS)
    assert member.post("/desk/many", {"act": "drop"}).status_code == 403
    owner.post("/desk/many", {"act": "drop", "mail": [lost.pk, "nonsense"]})
    assert states(lost, other) == [State.DROPPED, State.UNROUTED]
    owner.post("/desk/many", {"act": "restore", "state": "dropped"})
    owner.post("/desk/many", {"act": "drop", "author": "joe@customer.example.com"})
    assert states(lost, other) == [State.UNROUTED, State.DROPPED]
    owner.post("/desk/many", {"act": "replay"})
    assert states(lost, other) == [State.RECEIVED, State.DROPPED]
    assert owner.post("/desk/many", {"act": "nonsense"}).status_code == 400


def test_a_stranger_who_answers_waits_in_the_thread_for_a_person(
    member: Client, workspace: Workspace, lost: IncomingMessage
) -> None:
    record = make_record(workspace)
    post = receive_mail(record)
    make_contact(workspace, "joe@other.example.com")
    answer = letter(f"In-Reply-To: {post.message_id}", from_="joe@other.example.com", subject="Re: Roof")
    first, second = take(answer, NEWS), take(answer.replace(b"Re: Roof", b"Re: Re: Roof"), NEWS)
    assert "joe@other.example.com answers here" in shown(member, f"/records/{record.pk}")
    assert decide(member, first, "attach", record=record.pk).post is not None
    response = member.post(f"/desk/{second.pk}/decide", {"act": "drop", "next": f"/records/{record.pk}"})
    assert response["Location"] in (f"/records/{record.pk}", "/desk")
    assert "answers here" not in shown(member, f"/records/{record.pk}")


def states(*rows: IncomingMessage) -> list[str]:
    return [IncomingMessage.objects.get(pk=row.pk).state for row in rows]
