"""Who wrote a mail that says so in an unusual place?"""

import pytest

from postroom.inbound.letter import read_letter
from postroom.rfc.address import format_mailbox


def author(*fields: str) -> str:
    found = read_letter("\r\n".join([*fields, "", "Hello", ""]).encode()).author
    assert found
    return format_mailbox(found)


INFO = "info@company-name.com"
VIA = f"From: \"'Mary' via Info\" <{INFO}>"
MARY = '"Mary" <mary@customer.example.com>'


@pytest.mark.parametrize("name", ["Author", "X-Original-From", "Reply-To"])
@pytest.mark.parametrize("place", ["To", "Cc", "Delivered-To"])
def test_a_list_that_puts_its_own_address_into_the_from_hides_nobody(name: str, place: str) -> None:
    assert author(VIA, f"{place}: {INFO}", f"{name}: {MARY}") == MARY


def test_the_name_is_that_of_the_from_where_the_other_field_has_none() -> None:
    assert author(VIA, f"To: {INFO}", "Reply-To: mary@customer.example.com") == MARY


def test_the_list_among_the_addresses_for_answers_is_passed_over() -> None:
    assert author(VIA, f"To: {INFO}", f"Reply-To: Info <{INFO}>, {MARY}") == MARY


@pytest.mark.parametrize(
    "fields", [(f"To: {INFO}", "Reply-To: x@elsewhere.example"), ("To: mary@customer.example.com",)]
)
def test_otherwise_the_from_counts(fields: tuple[str, ...]) -> None:
    assert author(f"From: {MARY}", *fields) == MARY
