"""Does an answer find its thread, also when its keys disagree or its sender is a stranger?"""

from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.thread_match import CERTAIN, WEIGHTS, Clue, Key, Verdict, decide

CLUES = st.lists(st.builds(Clue, st.sampled_from(Key), st.integers(1, 3)), max_size=8)


def test_any_key_alone_leads_a_participant_to_the_thread() -> None:
    for key in Key:
        match = decide([Clue(key, 7)], takes_part_in={7})
        assert (match.verdict, match.record, match.score) == (Verdict.THREAD, 7, WEIGHTS[key])


def test_keys_that_agree_make_it_certain_and_each_is_explained() -> None:
    match = decide([Clue(Key.REPLY_ADDRESS, 7), Clue(Key.OWN_ID, 7), Clue(Key.MARKER, 7)], takes_part_in={7})
    assert (match.record, match.score) == (7, CERTAIN)
    assert match.keys == {Key.REPLY_ADDRESS, Key.OWN_ID, Key.MARKER}
    assert len(match.why) == 3
    assert match.told.endswith("Agreement: 100 of 100.")


def test_an_old_reply_address_from_an_address_book_loses_to_what_the_mail_refers_to() -> None:
    match = decide([Clue(Key.REPLY_ADDRESS, 1), Clue(Key.OWN_ID, 2), Clue(Key.MARKER, 2)], takes_part_in={1, 2})
    assert (match.record, match.score) == (2, 15)
    assert "Other signs (reply_address) lead to the thread of record 1." in match.why


def test_a_stranger_who_copies_a_reference_waits_for_a_person() -> None:
    for key in set(Key) - {Key.REPLY_ADDRESS}:
        match = decide([Clue(key, 7)], takes_part_in=())
        assert (match.verdict, match.record) == (Verdict.APPROVAL, 7)
        assert match.why[-1] == "Its sender has not taken part in this thread."


def test_the_signed_reply_address_lets_a_stranger_in() -> None:
    assert decide([Clue(Key.REPLY_ADDRESS, 7)], takes_part_in=()).verdict == Verdict.THREAD


def test_the_answer_to_a_mailing_goes_to_its_senders_own_thread() -> None:
    others = [Clue(Key.INCOMING_ID, 1)]
    assert decide(others, takes_part_in=(), answers_mailing=True).verdict == Verdict.MAILING
    own = decide([*others, Clue(Key.INCOMING_ID, 2)], takes_part_in={2}, answers_mailing=True)
    assert (own.verdict, own.record) == (Verdict.THREAD, 2)


def test_mail_without_a_key_names_no_thread() -> None:
    assert decide([], takes_part_in=()).verdict == Verdict.NONE


@given(CLUES, st.sets(st.integers(1, 3)), st.booleans())
def test_nobody_unknown_gets_in_without_the_signed_address(clues: list[Clue], known: set[int], mailing: bool) -> None:
    match = decide(clues, takes_part_in=known, answers_mailing=mailing)
    assert 0 <= match.score <= CERTAIN
    if match.verdict is Verdict.THREAD:
        assert match.record in known or Clue(Key.REPLY_ADDRESS, match.record or 0) in clues
    assert match == decide([*clues, *clues], takes_part_in=known, answers_mailing=mailing)
