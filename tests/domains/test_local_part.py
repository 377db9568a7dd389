"""How is the name of an alias written (requirement B4)?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.domains.local_part import LocalPartError, sanitise_local_part
from postroom.rfc.address import parse_mailbox


@pytest.mark.parametrize(
    ("text", "local_part"),
    [
        ("bounce", "bounce"),
        ("  Échéances Été ", "echeances-ete"),
        ("Straße", "strasse"),
        ("Sales & Service", "sales-&-service"),
        ("a..b", "a.b"),
        (".hidden.", "hidden"),
        ("info@company-name.com", "info-company-name.com"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}bc", "abc"),
        ('"quoted\r\nBcc: x"', "quoted-bcc-x"),
        ("x" * 64, "x" * 64),
    ],
)
def test_a_name_becomes_a_local_part(text: str, local_part: str) -> None:
    assert sanitise_local_part(text) == local_part


@pytest.mark.parametrize("text", ["", " ", "...", "-", "李雷", "x" * 65])
def test_a_name_of_which_nothing_can_be_used_is_refused_in_words(text: str) -> None:
    with pytest.raises(LocalPartError) as refusal:
        sanitise_local_part(text)
    assert f"“{text}”" in refusal.value.message


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_what_comes_out_is_an_address_and_comes_out_again(text: str) -> None:
    try:
        local_part = sanitise_local_part(text)
    except LocalPartError:
        return
    assert parse_mailbox(f"{local_part}@company-name.com").local == local_part
    assert sanitise_local_part(local_part) == local_part
