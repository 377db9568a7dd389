"""Is every mailbox read and written as RFC 5322 says, and everything else refused?"""

from email.headerregistry import HeaderRegistry
from email.utils import getaddresses

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.errors import AddressError
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox, parse_mailboxes

LABELS = st.sampled_from(["a", "0", "a-b", "xn--mnchen-3ya"]) | st.text("az09-", max_size=10).map("a{}9".format)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join) | st.sampled_from(
    ["xn--mnchen-3ya.example", "[192.0.2.1]", "[ipv6:2001:db8::1]"]
)
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])
LOCALS = st.text(st.sampled_from("abcXYZ019.+-_'\"\\ @,;:<>()[]!#=?äß李") | CHARACTERS, min_size=1, max_size=15).filter(
    lambda local: not any(character.isspace() and character != " " for character in local)
)
NAMES = st.text(st.sampled_from(' ,"\\<>@()=?._\t') | CHARACTERS, max_size=20)
MAILBOXES = st.builds(Mailbox, NAMES, LOCALS, DOMAINS)


def has_lawful_length(mailbox: Mailbox) -> bool:
    return len(mailbox.address.rpartition("@")[0].encode()) <= 64


MAILBOXES = MAILBOXES.filter(has_lawful_length)


@given(MAILBOXES)
def test_a_written_mailbox_is_read_back_the_same(mailbox: Mailbox) -> None:
    assert parse_mailbox(format_mailbox(mailbox)) == mailbox


@given(st.lists(MAILBOXES, max_size=4))
def test_a_written_list_is_read_back_the_same(mailboxes: list[Mailbox]) -> None:
    assert parse_mailboxes(", ".join(map(format_mailbox, mailboxes))) == tuple(mailboxes)


@given(MAILBOXES)
def test_comments_groups_and_routes_change_nothing(mailbox: Mailbox) -> None:
    text = format_mailbox(mailbox)
    angle = f"<{mailbox.address}>"
    assert parse_mailboxes(f"(a (nested \\) comment)) {text} (after)") == (mailbox,)
    assert parse_mailboxes(f'"Sales, all": {text},, ;') == (mailbox,)
    assert parse_mailbox(f"<@relay.example,@[192.0.2.1]:{angle[1:]}").address == mailbox.address


@given(st.text(max_size=30) | st.text(st.sampled_from('ab.@<>,:;"\\()[]=?utf8 \t'), max_size=20))
@settings(max_examples=100)
def test_any_text_is_either_refused_or_read_for_good(text: str) -> None:
    try:
        mailboxes = parse_mailboxes(text)
    except AddressError:
        return
    assert tuple(parse_mailbox(format_mailbox(mailbox)) for mailbox in mailboxes) == mailboxes


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ('"Mary" <mary@customer.example.com>', Mailbox("Mary", "mary", "customer.example.com")),
        ("Mary Smith <Mary.Smith@Company-Name.COM>", Mailbox("Mary Smith", "Mary.Smith", "company-name.com")),
        ("John  Q. Public<john@company-name.com>", Mailbox("John Q. Public", "john", "company-name.com")),
        ('"He said \\"hi\\"" <x_y@shop.example>', Mailbox('He said "hi"', "x_y", "shop.example")),
        ('Zoë "the, boss" Ångström <a+b@shop.example>', Mailbox("Zoë the, boss Ångström", "a+b", "shop.example")),
        ("a (x) . b @ (y) shop . example (z)", Mailbox("", "a.b", "shop.example")),
        ('"a".b@shop.example', Mailbox("", "a.b", "shop.example")),
        ('"a b"@shop.example', Mailbox("", "a b", "shop.example")),
        ("jörg@MÜNCHEN.example", Mailbox("", "jörg", "xn--mnchen-3ya.example")),
        ("root@localhost", Mailbox("", "root", "localhost")),
        ("a@[IPv6:2001:DB8::1]", Mailbox("", "a", "[ipv6:2001:db8::1]")),
        ("=?utf-8?q?Zo=C3=AB?= =?utf-8?b?IMOF?= B <a@b.example>", Mailbox("Zoë Å B", "a", "b.example")),
        ("=?utf-8?q?=C3?= =?UTF-8?Q?=A4?= <a@b.example>", Mailbox("ä", "a", "b.example")),
        ("=?utf-8?q?Smith,_Mary?= <a@b.example>", Mailbox("Smith, Mary", "a", "b.example")),
        ("=?x-unknown?q?hi?= <a@b.example>", Mailbox("hi", "a", "b.example")),
        ('"=?utf-8?q?hi?=" <a@b.example>', Mailbox("=?utf-8?q?hi?=", "a", "b.example")),
        ("=?utf-8?q?hi?=@b.example", Mailbox("", "=?utf-8?q?hi?=", "b.example")),
        ("undisclosed: mary@shop.example;", Mailbox("", "mary", "shop.example")),
        (" mary@shop.example\u00a0", Mailbox("", "mary", "shop.example")),
    ],
)
def test_reads_every_form_of_a_mailbox(text: str, mailbox: Mailbox) -> None:
    assert parse_mailbox(text) == mailbox


@pytest.mark.parametrize("text", ["", " ", ",, ,", "undisclosed-recipients:;", "(nobody)"])
def test_an_empty_list_holds_no_mailbox(text: str) -> None:
    assert parse_mailboxes(text) == ()
    with pytest.raises(AddressError, match="holds no address"):
        parse_mailbox(text)


MALFORMED = [
    *(
        "mary",
        "mary@",
        "@b.example",
        "a@b@c.example",
        "a b@c.example",
        "a..b@c.example",
        ".a@c.example",
        "a.@c.example",
    ),
    *("a@c..example", "a@.example", "a@c.example.", "a@-b.example", "a@b_c.example", "a@b.example>", "<a@b.example"),
    *(
        "<>",
        "a@[1.2.3]",
        "a@[ipv6:1]",
        '""@b.example',
        '"a',
        "(a",
        "a)@b.example",
        "list: a@b.example",
        "list: a: b@c.d;;",
    ),
    *(
        "Smith, Mary <a@b.example>",
        "a@b.example c@d.example",
        "a;b@c.example",
        "a\u00a0b@c.example",
        '"a\tb"@c.example',
    ),
    *("x" * 65 + "@b.example", "ä" * 33 + "@b.example", "a@" + "b." * 130 + "example", "x@" + "y" * 64 + ".example"),
    *("x" * 60 + "@" + "a." * 95 + "example", "a@\u202eb.example", "<@relay.example a@b.example>", "\ud800@b.example"),
]


@pytest.mark.parametrize("text", MALFORMED)
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_mailboxes(text)
    refusal.value.message.encode()  # can be shown and logged


@pytest.mark.parametrize("control", ["\r\n", "\n", "\r", "\0", "\x0b", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize(
    "form", ['"Mary{}Bcc: x" <a@b.example>', "a@b.example{}", "a{}@b.example", "(x{}) a@b.example"]
)
def test_header_injection_is_refused(form: str, control: str) -> None:
    with pytest.raises(AddressError, match="control character"):
        parse_mailbox(form.format(control))


def test_header_injection_is_refused_in_encoded_words_and_in_mailboxes_made_by_hand() -> None:
    with pytest.raises(AddressError, match="control character"):
        parse_mailbox("=?utf-8?q?a=0D=0ABcc:_b?= <a@b.example>")
    for mailbox in (Mailbox("a\nb", "a", "b.example"), Mailbox("", "a\r\n", "b.example"), Mailbox("", "a", "b\n")):
        with pytest.raises(AddressError, match="control character"):
            format_mailbox(mailbox)


def test_one_mailbox_means_one() -> None:
    with pytest.raises(AddressError, match="several"):
        parse_mailbox("a@b.example, c@d.example")


AGREED = [
    '"Mary" <mary@customer.example.com>',
    "Mary Smith <a@b.example>, John Q. Public <c@d.example>",
    '"Smith, Mary" <a@b.example>, c@d.example',
    'Team: a@b.example, "x" <d@e.example>;, f@g.example',
    '"He said \\"hi\\"" <x@y.example>',
    '"a b"@c.example',
    "x@[192.0.2.1]",
    "undisclosed:;",
]

# What the standard library reads otherwise, and why it is wrong there. It repairs by guessing; mail to a guessed
# recipient is worse than a refusal (None).
DIFFERENCES = {
    # RFC 2047 §6.2: white space between two encoded words is not part of the text.
    "=?utf-8?q?a?= =?utf-8?q?b?= c <a@b.example>": [("ab c", "a@b.example")],
    # RFC 2047 §5(3): nothing inside quotes is an encoded word.
    '"=?utf-8?q?a?=" <a@b.example>': [("=?utf-8?q?a?=", "a@b.example")],
    # Half a name is no recipient.
    "Smith, Mary <a@b.example>": None,
    "a b@c.example": None,
    "mary": None,
    # RFC 5322 §3.4.1: dots stand between atoms.
    "a..b@c.example": None,
    # RFC 5321 §4.1.2: a host name has letters, digits and inner hyphens.
    "a@-b.example": None,
    "a@b_c.example": None,
}


def read_with_headerregistry(text: str) -> list[tuple[str, str]]:
    header = HeaderRegistry()("To", text)
    return [(address.display_name, address.addr_spec) for address in header.addresses]


def read_with_ours(text: str) -> list[tuple[str, str]] | None:
    try:
        return [(mailbox.name, mailbox.address) for mailbox in parse_mailboxes(text)]
    except AddressError:
        return None


@pytest.mark.parametrize("text", AGREED)
def test_agrees_with_the_standard_library(text: str) -> None:
    assert read_with_ours(text) == read_with_headerregistry(text)
    assert read_with_ours(text) == [pair for pair in getaddresses([text]) if pair != ("", "")]


@pytest.mark.parametrize("text", DIFFERENCES)
def test_differs_from_the_standard_library_only_where_it_is_known(text: str) -> None:
    assert read_with_ours(text) == DIFFERENCES[text]
    assert read_with_headerregistry(text) != DIFFERENCES[text]


def test_a_comment_is_not_a_name() -> None:
    """`email.utils` makes it one; RFC 5322 §3.4 leaves its meaning open, and so does `email.headerregistry`."""
    text = "a@b.example (Mary)"
    assert getaddresses([text]) == [("Mary", "a@b.example")]
    assert read_with_ours(text) == read_with_headerregistry(text) == [("", "a@b.example")]


# Whether we accept what email-validator, made for sign-up forms, judges otherwise.
VALIDATOR_DIFFERS = {
    "root@localhost": True,  # an intranet's names of one label and special-use domains must be reachable
    "a@b.invalid": True,
    "ä" * 33 + "@b.example": False,  # RFC 6531 §3.3: the limit of 64 counts octets of UTF-8, not characters
}


@pytest.mark.parametrize(
    "address",
    [
        *("mary@customer.example.com", "o'neil@company-name.com", "a+b@xn--mnchen-3ya.example", "jörg@münchen.example"),
        *('"a b"@c.example.com', "x@[192.0.2.1]", "a@straße.example", *VALIDATOR_DIFFERS),
        *(text for text in MALFORMED if not set(text) & set("<:,\ud800")),
    ],
)
def test_agrees_with_email_validator(address: str) -> None:
    is_accepted = read_with_ours(address) is not None
    assert is_accepted == VALIDATOR_DIFFERS.get(address, is_valid_for_email_validator(address))


def is_valid_for_email_validator(address: str) -> bool:
    try:
        validate_email(
            address, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=True, strict=True
        )
    except EmailNotValidError:
        return False
    return True
