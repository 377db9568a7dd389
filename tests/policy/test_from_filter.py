"""Does a FROM filter hold what its owner means, and are slips reported?"""

import pytest

from postroom.policy.from_filter import FromFilter, match_key, parse_from_filter
from postroom.rfc.address import parse_mailbox


@pytest.mark.parametrize("text", [None, "", "  ", ",", " , ,\t\n"])
def test_a_filter_without_entries_is_empty(text: str | None) -> None:
    assert parse_from_filter(text) == FromFilter()
    assert parse_from_filter(text).is_empty


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("company-name.com", "mary@company-name.com"),
        (" COMPANY-NAME.COM ", "Mary@Company-Name.com"),
        ("company-name.com.", "mary@company-name.com"),
        (",, shop.example ,\n company-name.com", "mary@company-name.com"),
        ("company-name.com\u00a0,shop.example", "mary@company-name.com"),
        ("MÜNCHEN.example", "mary@xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "mary@münchen.example"),
        ("mary@münchen.example", "MARY@XN--MNCHEN-3YA.EXAMPLE"),
        ("JÖRG@shop.example", "jörg@shop.example"),
        ("O'NEIL@shop.example", "o'neil@shop.example"),
        ("a+b@shop.example", "A+B@shop.example"),
        ('"a,b"@shop.example, c@shop.example', '"a,b"@shop.example'),
        ('"mary"@shop.example', "mary@shop.example"),
        ("root@localhost", "root@localhost"),
        ("[192.0.2.1].example, mary@[192.0.2.1]", "mary@[192.0.2.1]"),
    ],
)
def test_holds_an_address_or_its_domain_however_it_is_spelt(text: str, address: str) -> None:
    assert parse_from_filter(text).holds(parse_mailbox(address))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("company-name.com", "mary@mail.company-name.com"),
        ("mail.company-name.com", "mary@company-name.com"),
        ("mary@company-name.com", "sales@company-name.com"),
        ("a+b@company-name.com", "a@company-name.com"),
        ("mary@company-name.com", "mary@shop.example"),
        ("company-name.com shop.example", "mary@shop.example"),
        ("@company-name.com", "mary@company-name.com"),
        ("*.company-name.com", "mary@mail.company-name.com"),
    ],
)
def test_holds_no_other_address(text: str, address: str) -> None:
    assert not parse_from_filter(text).holds(parse_mailbox(address))


def test_entries_that_are_neither_domain_nor_address_are_reported_and_do_not_match() -> None:
    filter_ = parse_from_filter(
        "shop.example, Brevo, mary@, @shop.example, *.shop.example, shop.example;b.example, a b"
    )
    assert filter_.domains == {"shop.example"}
    assert not filter_.addresses
    assert [fault.partition("”")[0] for fault in filter_.faults] == [
        *("“Brevo", "“mary@", "“@shop.example", "“*.shop.example", "“shop.example;b.example", "“a b")
    ]


def test_a_filter_of_faults_alone_still_restricts() -> None:
    assert not parse_from_filter("nonsense!").is_empty


def test_match_keys_tell_addresses_apart_but_not_their_case() -> None:
    assert match_key(parse_mailbox("Mary.Smith@Company-Name.com")) == "mary.smith@company-name.com"
    assert match_key(parse_mailbox("zoe\u0308@a.example")) == match_key(parse_mailbox("ZOË@a.example"))
