"""Is a message that people pass on by hand found below its header, in whatever language and marks?"""

import pytest

from postroom.policy.passed_on import PassedOn, find_passed_on

GMAIL = """\
Please take care of this.

---------- Forwarded message ---------
From: Joe Doe <joe@elsewhere.example>
Date: Tue, 3 May 2016 at 17:21
Subject: Broken roof
To: Mary <mary@customer.example.com>


It rains in.

Joe
"""
APPLE = """\
For you.

> Anfang der weitergeleiteten Nachricht:
>\x20
> Von: Joe Doe <joe@elsewhere.example>
> Betreff: Broken roof
> Datum: 3. Mai 2016 um 17:21:00 MESZ
> An: Mary <mary@customer.example.com>
>\x20
> It rains in.
>\x20
> > Does it?
>\x20
> Joe
"""
OUTLOOK = """\
Pour toi

________________________________
De : Joe Doe [mailto:joe@elsewhere.example]
Envoyé : mardi 3 mai 2016 17:21
À : Mary;
 John <john@customer.example.com>
Objet : Broken roof

It rains in.

Joe
"""
THUNDERBIRD = """\


-------- Messaggio Inoltrato --------
Oggetto: \tBroken roof
Data: \tTue, 3 May 2016 17:21:00 +0200
Mittente: \tJoe Doe <joe@elsewhere.example>
A: \tmary@customer.example.com

It rains in.

Joe
"""


@pytest.mark.parametrize("text", [GMAIL, APPLE, OUTLOOK, THUNDERBIRD], ids=["gmail", "apple", "outlook", "thunderbird"])
def test_is_found_with_its_header_and_its_words(text: str) -> None:
    found = find_passed_on(text)
    assert found
    assert "joe@elsewhere.example" in found.from_
    assert found.subject == "Broken roof"
    assert "2016" in found.date
    assert "ary" in found.to
    assert found.text.splitlines()[0] == "It rains in."
    assert found.text.endswith("Joe")


def test_keeps_the_marks_of_what_is_quoted_within_it() -> None:
    assert find_passed_on(APPLE) == PassedOn(
        from_="Joe Doe <joe@elsewhere.example>",
        to="Mary <mary@customer.example.com>",
        date="3. Mai 2016 um 17:21:00 MESZ",
        subject="Broken roof",
        text="It rains in.\n\n> Does it?\n\nJoe",
    )


def test_of_a_conversation_it_is_the_latest() -> None:
    inner = "From: Ann <ann@elsewhere.example>\nSent: 2 May 2016\nTo: Joe\nSubject: Roof\n\nWhat is it?\n"
    found = find_passed_on(OUTLOOK + inner)
    assert found
    assert "joe@" in found.from_
    assert "What is it?" in found.text


@pytest.mark.parametrize(
    "text", ["Hello\n\nFrom: here\nTo: there\n", "Hello Joe,\n\nFrom now on: joe@elsewhere.example\n", "", "\n" * 9]
)
def test_other_mail_passes_nothing_on(text: str) -> None:
    assert find_passed_on(text) is None
