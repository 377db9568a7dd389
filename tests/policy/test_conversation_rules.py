"""Do the small rules of conversations hold: learned identifiers, loops, layout, headers, fingerprints, who is told?"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.fingerprint import fingerprint
from postroom.policy.learned_message_id import canonical, learn
from postroom.policy.loop_budget import Arrivals, Verdict, explain, judge, read_budget
from postroom.policy.notification import Audience, Reader, Way, choose
from postroom.policy.notification_layout import Footer, find_markers, lay_out
from postroom.policy.thread_headers import MAX_REFERENCES, base_subject, reference_fields, reply_subject

SES = "0102018f2b3c4d5e-6f7a8b9c-1234-5678-9abc-def012345678-000000"
UUID = "3f1c9c1e-8f3e-4e7a-9c55-0123456789ab"
TOKEN = "2a" + "0123456789abcdef0123"


@pytest.mark.parametrize(
    ("reply", "learned"),
    [
        (f"250 Ok {SES}", f"<{SES}@amazonses.com>"),
        (f"250 2.0.0 Ok: queued as {UUID}", f"<{UUID}@mtasv.net>"),
        ("250 2.0.0 OK <DB7PR02MB4567@DB7PR02.eurprd02.prod.outlook.com> [Hostname=DB7]",
         "<DB7PR02MB4567@DB7PR02.eurprd02.prod.outlook.com>"),
        ("250 2.0.0 OK: queued as <202611220800.12345@smtp-relay.mailin.fr>",
         "<202611220800.12345@smtp-relay.mailin.fr>"),
        ("250 2.0.0 Ok: queued as 4XyZ123abc", None),
        ("550 5.1.1 <mary@customer.example.com> User unknown", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_providers_answer_tells_the_message_id_that_it_put_in(reply: str, learned: str | None) -> None:
    assert learn(reply) == learned


def test_the_region_of_amazon_counts_in_no_comparison() -> None:
    assert (
        canonical(f"<{SES}@eu-west-1.amazonses.com>")
        == canonical(f"<{SES}@email.amazonses.com>")
        == learn(f"250 Ok {SES}")
    )
    assert canonical("<a@company-name.com>") == "<a@company-name.com>"


def test_the_budget_is_what_the_parameters_say_or_the_usual() -> None:
    assert read_budget(None, "") == read_budget("no number", "-1") == read_budget("120", "20")
    assert read_budget("5", "3").window == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("arrivals", "verdict"),
    [
        (Arrivals(of_sender=20, of_thread=20), Verdict.GO_ON),
        (Arrivals(of_sender=21), Verdict.SENDER_OVER_BUDGET),
        (Arrivals(of_sender=1, of_thread=21), Verdict.THREAD_OVER_BUDGET),
        (Arrivals(of_sender=2, repeats=3), Verdict.GO_ON),
        (Arrivals(of_sender=4, repeats=4), Verdict.ECHO),
        (Arrivals(of_sender=1, returns=1), Verdict.ECHO),
    ],
)
def test_a_loop_is_known_by_number_and_by_repeated_words(arrivals: Arrivals, verdict: Verdict) -> None:
    budget = read_budget(None, None)
    assert judge(arrivals, budget) is verdict
    assert explain(verdict, arrivals, budget).endswith(".")


def test_the_same_words_have_the_same_fingerprint_whatever_else_changes() -> None:
    assert fingerprint("> I am AWAY until 3 May.\r\n") == fingerprint("I am away, until 4 May")
    assert fingerprint("I am away") != fingerprint("I am here")
    assert fingerprint("123 … !") == ""


@pytest.mark.parametrize(
    "subject",
    [
        "Your roof",
        "Re: Your roof",
        "RE[2]: AW: Your roof",
        "Fwd: Re : Your roof",
        "I: R: Your roof",
        "PD: Odp: Your roof",
        "\u56de\u590d\uff1aYour roof",
    ],
)
def test_a_thread_keeps_its_subject(subject: str) -> None:
    assert base_subject(subject) == "Your roof"
    assert reply_subject(subject) == "Re: Your roof"


@given(st.lists(st.sampled_from([f"<{number}@x.example>" for number in range(40)]), max_size=40))
def test_references_begin_with_the_root_and_end_with_what_is_answered(earlier: list[str]) -> None:
    fields = dict(reference_fields("<root@x.example>", earlier))
    references = fields["References"].split()
    assert references[0] == "<root@x.example>"
    assert len(references) <= MAX_REFERENCES
    assert fields.get("In-Reply-To") == (earlier[-1] if earlier else None)
    assert (references[-1] == fields["In-Reply-To"]) if earlier else len(references) == 1


def test_the_marker_is_found_in_whatever_is_left_of_the_mail() -> None:
    text, html = lay_out("Hello", "", Footer(marker=TOKEN, unfollow_url="https://x.example/u"))
    assert find_markers(text) == find_markers(html) == find_markers("> quoted\n> " + text) == (TOKEN,)
    assert "https://x.example/u" in text
    assert find_markers("[#123] is no marker") == ()


def test_words_are_told_as_text_and_as_html_whichever_was_written() -> None:
    text, html = lay_out("1 < 2", "", Footer(marker=TOKEN))
    assert text.startswith("1 < 2\n")
    assert "1 &lt; 2" in html
    text, html = lay_out(
        "", "<html><body><p>Hello</p></body></html>", Footer(marker=TOKEN, view_url="https://x.example")
    )
    assert text.startswith("Hello\n")
    assert html.endswith("</div></body></html>")


def reader(name: str, *, way: Way = Way.EMAIL, is_user: bool = True) -> Reader:
    return Reader(name, f"{name}@x.example", way, is_user)


READERS = st.builds(reader, st.sampled_from("abc"), way=st.sampled_from(Way), is_user=st.booleans())


@given(st.lists(READERS), st.booleans(), st.booleans())
def test_nobody_is_told_twice_and_nobody_outside_of_what_is_inside(
    readers: list[Reader], internal: bool, automatic: bool
) -> None:
    audience = Audience(
        followers=readers, author={"a@x.example"}, reached={"b@x.example"}, is_internal=internal, is_automatic=automatic
    )
    notices = choose(audience)
    told = [notice.reader.address for notice in notices]
    assert len(told) == len(set(told))
    assert "a@x.example" not in told
    assert all(notice.way is Way.INBOX for notice in notices if notice.reader.address == "b@x.example")
    assert not (internal or automatic) or all(notice.reader.is_user for notice in notices)
