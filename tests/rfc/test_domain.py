"""Is every spelling of a domain led to the one form that mail uses, and back to one that people read?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import AddressError
from postroom.rfc.domain import domain_to_ascii, domain_to_unicode


@pytest.mark.parametrize(
    ("text", "ascii_form", "unicode_form"),
    [
        ("Company-Name.COM", "company-name.com", "company-name.com"),
        ("company-name.com.", "company-name.com", "company-name.com"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("mu\u0308nchen.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("straße.example", "xn--strae-oqa.example", "straße.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("[192.0.2.1]", "[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:0DB8::1]", "[ipv6:2001:db8::1]", "[ipv6:2001:db8::1]"),
    ],
)
def test_knows_both_forms(text: str, ascii_form: str, unicode_form: str) -> None:
    assert domain_to_ascii(text) == ascii_form
    assert domain_to_unicode(text) == unicode_form


@given(st.from_regex(r"[a-zäöüßçñ0-9]{1,8}(\.[a-zéèβδλ]{2,5}){1,2}", fullmatch=True))
def test_the_two_forms_lead_to_each_other(text: str) -> None:
    ascii_form = domain_to_ascii(text)
    assert ascii_form.isascii()
    assert domain_to_ascii(ascii_form) == ascii_form
    assert domain_to_ascii(domain_to_unicode(ascii_form)) == ascii_form


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a..b", "-a.example", "a-.example", "a b.example", "a_b.example", "a@b.example", "*.example"),
        *("a" * 64, "ü" * 64, "a." * 128 + "example", "a\n.example", "ü ü.example"),
        *("[1.2.3]", "[2001:db8::1]", "[ipv6:]", "[a]"),
    ],
)
def test_refuses_what_is_no_domain(text: str) -> None:
    with pytest.raises(AddressError):
        domain_to_ascii(text)
