"""Does an answer find its thread in the database, by each key, after merges and moves, and past strangers?"""

from typing import Any

from postroom.domains.addresses import resolve
from postroom.outbound.models import Message, Stream
from postroom.policy.thread_match import Key, Match, Verdict
from postroom.rfc.address import parse_mailbox
from postroom.threads.contacts import contact_of
from postroom.threads.match import Answer, match
from postroom.threads.models import Post
from postroom.threads.post import NewPost, post
from tests.outbound.office import Courier, lane_of
from tests.outbound.test_deliver import take
from tests.smtp.peer import Peer
from tests.threads.desk import MARY, Desk, text_of, waiting

SES = "0102018f2b3c4d5e-6f7a8b9c-1234-5678-9abc-def012345678-000000"


def lead_with_mail(desk: Desk, name: str = "Roof") -> int:
    lead = desk.add_record(name)
    desk.follow(lead, MARY)
    desk.write(lead, None)
    return lead


def answer(desk: Desk, sender: str = "mary@customer.example.com", **fields: Any) -> Match:
    return match(desk.workspace, Answer(sender=sender, **fields))


def test_each_key_of_our_mail_leads_back(desk: Desk) -> None:
    desk.add_server()
    lead = lead_with_mail(desk)
    (mail,) = waiting()
    tag = resolve(mail["Reply-To"]).tag
    assert answer(desk, tags=(tag,)).keys == {Key.REPLY_ADDRESS}
    assert answer(desk, references=(mail["Message-ID"],)).keys == {Key.OWN_ID}
    assert answer(desk, references=(mail["References"],)).keys == {Key.ROOT_ID}
    assert answer(desk, text="> " + text_of(mail)).keys == {Key.MARKER}
    references = (mail["References"], mail["Message-ID"])
    everything = answer(desk, tags=(tag,), references=references, text=text_of(mail, "html"))
    assert (everything.verdict, everything.record, everything.score) == (Verdict.THREAD, lead, 100)


def test_the_message_id_that_a_provider_put_in_is_learned_from_its_answer(busy_desk: Desk, courier: Courier) -> None:
    async def takes_as_amazon(peer: Peer) -> None:
        await peer.greet()
        await take(peer, f"250 Ok {SES}")
        await peer.take_quit()

    with courier.peer(takes_as_amazon) as port:
        server = busy_desk.add_server(port)
        lead = lead_with_mail(busy_desk)
        courier.drain(lane_of(server))
    found = answer(busy_desk, references=(f"<{SES}@eu-west-1.amazonses.com>",))
    assert (found.verdict, found.record, found.keys) == (Verdict.THREAD, lead, {Key.LEARNED_ID})


def test_a_stranger_who_copies_a_message_id_waits_and_a_colleague_in_copy_does_not(desk: Desk) -> None:
    lead = lead_with_mail(desk)
    mary = contact_of(desk.workspace, parse_mailbox(MARY))
    post(
        desk.record(lead),
        NewPost(
            author=mary, text="Hi", kind=Post.Kind.EMAIL, message_id="<1@customer.example.com>",
            cc=(parse_mailbox('"Paul" <Paul@customer.example.com>'),),
        ),
    )  # fmt: skip
    copied = ("<1@customer.example.com>",)
    assert answer(desk, "eve@elsewhere.example", references=copied).verdict == Verdict.APPROVAL
    assert answer(desk, "paul@customer.example.com", references=copied).verdict == Verdict.THREAD
    assert answer(desk, desk.add_user("Ann").email, references=copied).verdict == Verdict.THREAD


def test_tokens_that_we_did_not_make_and_those_of_other_workspaces_lead_nowhere(desk: Desk) -> None:
    lead = lead_with_mail(desk)
    token = resolve(f"reply+{'0' * 21}@company-name.com").tag
    assert answer(desk, tags=(token, "", "not a token"), text="[#0123456789abcdef012345]").verdict == Verdict.NONE
    assert desk.record(lead)


def test_the_answer_to_a_mailing_begins_a_thread_of_its_own(desk: Desk) -> None:
    desk.app.post("/messages", {"to": "mary@customer.example.com", "subject": "News", "text": "x", "stream": "mass"})
    mailing = Message.objects.get(stream=Stream.MASS)
    found = answer(desk, references=(mailing.message_id,))
    assert (found.verdict, found.record) == (Verdict.MAILING, None)


def test_answers_follow_what_was_merged_split_and_moved(desk: Desk) -> None:
    desk.add_server()
    first, second = lead_with_mail(desk, "First"), lead_with_mail(desk, "Second")
    mail = waiting()[0]
    keys: dict[str, Any] = {
        "tags": (resolve(mail["Reply-To"]).tag,), "references": (mail["References"], mail["Message-ID"]),
        "text": text_of(mail),
    }  # fmt: skip
    desk.call(f"/records/{first}/merge", {"into": second})
    assert (answer(desk, **keys).record, answer(desk, **keys).score) == (second, 100)
    assert len(desk.posts(second)) == 2
    moved = min(row["id"] for row in desk.posts(second))
    third = desk.call(f"/records/{second}/split", {"posts": [moved], "name": "Third"})["id"]
    assert [row["id"] for row in desk.posts(third)] == [moved]
    assert (answer(desk, **keys).record, answer(desk, **keys).score) == (third, 100)
    desk.call(f"/records/{third}/move", {"posts": [moved], "to": second})
    assert answer(desk, **keys).record == second


def test_a_record_is_merged_once_and_not_into_itself(desk: Desk) -> None:
    first, second = desk.add_record("First"), desk.add_record("Second")
    desk.call(f"/records/{first}/merge", {"into": second})
    for one, other in ((first, second), (second, second), (second, first)):
        refused = desk.app.post(f"/records/{one}/merge", {"into": other})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "cannot_merge")
