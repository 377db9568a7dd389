"""Is what is stored in English told in each person's language, facts and all?"""

import runpy

import pytest
from django.utils import translation

from postroom.policy.causes import LOGIN_REFUSED
from postroom.workspaces.language import Retelling, told
from tests.guards.source import ROOT

MESSAGES = runpy.run_path(str(ROOT / "scripts/messages.py"))
STORED = {
    message.id: message.string for message in MESSAGES["read"]("fr") if message.id and message.context == "stored"
}


class Facts(dict[str, str]):
    """A word for each fact that a sentence asks for."""

    def __missing__(self, name: str) -> str:
        return f"<{name}>"


@pytest.mark.parametrize("english", sorted(STORED))
def test_each_sentence_is_known_again_by_its_pattern(english: str) -> None:
    facts = Facts() if "%(" in english else None
    said, expected = (text % facts if facts is not None else text for text in (english, STORED[english]))
    with translation.override("fr"):
        assert told(said) == expected


def test_sentences_follow_each_other_with_words_of_others_between_them() -> None:
    with translation.override("fr"):
        assert told("Brevo: The mailbox is full. 552 5.2.2 Over quota") == (
            "Brevo: La boîte est pleine. 552 5.2.2 Over quota"
        )


def test_a_sentence_is_a_fact_of_another() -> None:
    said = f"No mail can be fetched from “Boîte 1”. The server refuses the login: {LOGIN_REFUSED.sentence}"
    with translation.override("fr"):
        assert told(said).startswith(
            "Aucun courrier ne peut être relevé de « Boîte 1 ». Le serveur refuse la connexion: "
        )


def test_what_proves_an_author_is_told_with_each_proof() -> None:
    said = "It comes from a.example: SPF passes for a.example; a.example has signed it."
    with translation.override("fr"):
        assert told(said) == "Il vient de a.example : SPF réussit pour a.example; a.example l'a signé."


def test_what_is_not_ours_stays_and_english_costs_nothing() -> None:
    with translation.override("fr"):
        assert told("smtp.example.com said 421 4.3.2, try later.") == "smtp.example.com said 421 4.3.2, try later."
        assert told("") == ""
    with translation.override("en"):
        assert told("The mailbox is full.") == "The mailbox is full."


def test_the_pattern_that_says_most_is_chosen() -> None:
    retelling = Retelling([("%(a)s is full.", "%(a)s: voll."), ("The %(a)s box is full.", "Kasten %(a)s voll.")])
    assert retelling.tell("The red box is full.") == "Kasten red voll."
    assert retelling.tell("It is full.") == "It: voll."


def test_sentences_that_a_fact_swallows_are_told_too() -> None:
    """A pattern fits as much as it can: here two sentences more, of which the last has no facts."""
    retelling = Retelling([("SPF passes for %(a)s.", "SPF geht für %(a)s."), ("Nobody knows.", "Niemand weiß es.")])
    said = "SPF passes for a.example. SPF passes for b.example. Nobody knows."
    assert retelling.tell(said) == "SPF geht für a.example. SPF geht für b.example. Niemand weiß es."
    assert retelling.tell("SPF passes for a.example.") == "SPF geht für a.example."
