"""Do decisions follow the manual: the examples it gives, and the laws that hold for every workspace?"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import AddressError, MissingFromError, UnknownServerError
from postroom.policy.from_filter import match_key, parse_from_filter
from postroom.policy.routing import AliasDomain, Decision, Policy, Server, compile_table
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox

MARY = parse_mailbox('"Mary" <mary@customer.example.com>')
SUBDOMAIN = AliasDomain("company-name.odoo.example", "bounce", "catchall", "notifications")
CUSTOM = AliasDomain("company-name.com", "bounce", "catchall", "notifications")
UNIQUE = AliasDomain("company-name.com", "bounce", "catchall", "hello@company-name.com")


def server(name: str, priority: int = 10, from_filter: str | None = None, *, active: bool = True) -> Server:
    return Server(name, name, priority, from_filter, active)


def decide(
    *servers: Server,
    author: Mailbox | str | None = MARY,
    alias_domain: AliasDomain | None = CUSTOM,
    policy: Policy = Policy.DOCUMENTED,
    parameter: str | None = None,
    platform_from: Mailbox | None = None,
    forced: str | None = None,
) -> Decision:
    table = compile_table(servers, policy=policy, default_from_filter=parameter)
    from_ = parse_mailbox(author) if isinstance(author, str) else author
    return table.decide(from_, alias_domain=alias_domain, platform_from=platform_from, forced=forced)


def name_of(decision: Decision) -> str | None:
    return decision.server.name if decision.server else None


def matched(decision: Decision) -> list[str]:
    return [step.criterion for step in decision.steps if step.matched]


# The manual's examples


def test_a_new_workspace_sends_from_its_sub_domain() -> None:
    decision = decide(author=None, alias_domain=SUBDOMAIN, parameter="company-name.odoo.example")
    assert decision.from_.address == "notifications@company-name.odoo.example"
    assert decision.reply_to == "catchall@company-name.odoo.example"
    assert decision.return_path == "bounce@company-name.odoo.example"
    assert (decision.server, decision.from_rewritten, decision.warnings) == (None, False, ())


def test_a_custom_domain_builds_all_addresses() -> None:
    decision = decide(server("Brevo", from_filter="company-name.com"), author=None)
    assert decision.from_.address == "notifications@company-name.com"
    assert decision.reply_to == "catchall@company-name.com"
    assert decision.return_path == "bounce@company-name.com"


def test_marys_reply_is_redistributed_under_the_notification_address() -> None:
    decision = decide(author=MARY, alias_domain=SUBDOMAIN, parameter="company-name.odoo.example")
    assert format_mailbox(decision.from_) == '"Mary" <notifications@company-name.odoo.example>'
    assert decision.from_rewritten
    assert decision.return_path == "bounce@company-name.odoo.example"


@pytest.mark.parametrize(
    ("from_filter", "criterion"), [("test@example.com", "filter_address"), ("example.com", "filter_domain")]
)
def test_only_a_server_whose_filter_equals_the_sender_or_its_domain_is_used(from_filter: str, criterion: str) -> None:
    servers = [server("Gmail", 1, "company-name.com"), server("Amazon", 2), server("Brevo", 3, from_filter)]
    decision = decide(*servers, author="test@example.com")
    assert (name_of(decision), decision.from_.address) == ("Brevo", "test@example.com")
    assert matched(decision)[0] == criterion
    assert not decision.from_rewritten


def test_the_address_goes_before_the_domain_whatever_the_priority() -> None:
    servers = [server("Gmail", 1, "example.com"), server("Brevo", 2, "test@example.com")]
    assert name_of(decide(*servers, author="test@example.com")) == "Brevo"


def test_without_a_match_the_first_server_without_a_filter_sends_under_the_notification_address() -> None:
    servers = [server("Gmail", 1, "company-name.com"), server("Mailjet", 3, ""), server("Brevo", 2)]
    decision = decide(*servers)
    assert (name_of(decision), decision.from_) == ("Brevo", Mailbox("Mary", "notifications", "company-name.com"))
    assert matched(decision)[0] == "no_filter"


def test_without_a_filterless_server_the_first_sends_under_the_notification_address() -> None:
    decision = decide(server("Mailgun", 2, "shop.example"), server("Gmail", 1, "second.example"))
    assert (name_of(decision), decision.from_.address) == ("Gmail", "notifications@company-name.com")
    assert matched(decision) == ["first_server"]
    assert any("may refuse" in warning for warning in decision.warnings)


def test_without_a_server_the_parameter_decides() -> None:
    kept = decide(author="sales@company-name.com", parameter="shop.example, company-name.com")
    replaced = decide(author="sales@company-name.com", parameter="shop.example")
    assert (kept.from_rewritten, replaced.from_rewritten) == (False, True)
    assert matched(kept) == ["default_server", "keep_from", "bounce_address"]


def test_once_a_server_is_active_the_parameter_is_ignored() -> None:
    decision = decide(server("Brevo", from_filter="shop.example"), parameter="customer.example.com, bad entry")
    assert decision.from_rewritten
    assert not any("mail.default.from_filter" in warning for warning in decision.warnings)


def test_a_complete_default_from_replaces_every_from() -> None:
    for author in (MARY, parse_mailbox("sales@company-name.com")):
        decision = decide(server("Brevo", from_filter="company-name.com"), author=author, alias_domain=UNIQUE)
        assert decision.from_.address == "hello@company-name.com"
        assert decision.from_.name == (author.name or author.local)
        assert decision.from_rewritten


def test_the_custom_domain_leaves_by_the_external_server_and_the_sub_domain_by_the_default_server() -> None:
    servers = [server("External", 1, "company-name.com"), server("Default", 2, "company-name.odoo.example")]
    assert name_of(decide(*servers, author="mary@company-name.com")) == "External"
    assert name_of(decide(*servers, author=None, alias_domain=SUBDOMAIN)) == "Default"
    preferred = decide(*servers, alias_domain=SUBDOMAIN, policy=Policy.PREFER_NOTIFICATION_SERVER)
    assert (name_of(preferred), preferred.from_.address) == ("Default", "notifications@company-name.odoo.example")
    assert matched(preferred)[0] == "notification_server"


# First


def test_the_lower_priority_value_is_first_then_the_name() -> None:
    servers = [server("Zulu", 1), server("alpha", 2), server("Beta", 2), server("älpler", 2), server("Éclair", 2)]
    ranked = []
    while servers:
        ranked.append(name_of(decide(*servers)))
        servers = [other for other in servers if other.name != ranked[-1]]
    assert ranked == ["Zulu", "alpha", "älpler", "Beta", "Éclair"]


def test_between_equal_names_the_key_decides() -> None:
    servers = [Server(2, "Brevo", 1, None), Server(1, "BREVO", 1, None), Server(3, "brevo", 1, None)]
    chosen = decide(*servers).server
    assert chosen is not None
    assert chosen.key == 1


# What is replaced, by what


def test_without_a_name_the_local_part_is_the_name() -> None:
    for author in ("mary@customer.example.com", '"  " <mary@customer.example.com>'):
        decision = decide(server("Brevo"), author=author)
        assert decision.from_ == Mailbox("mary", "notifications", "company-name.com")


def test_the_notification_address_itself_is_not_rewritten() -> None:
    decision = decide(server("Brevo"), author="Notifications@Company-Name.com")
    assert decision.from_ == Mailbox("", "Notifications", "company-name.com")
    assert not decision.from_rewritten


def test_no_from_and_no_notification_address_is_refused() -> None:
    with pytest.raises(MissingFromError):
        decide(server("Brevo"), author=None, alias_domain=None)


def test_the_platform_speaks_where_there_is_no_alias_domain() -> None:
    platform = parse_mailbox('"Platform" <postmaster@platform.example>')
    decision = decide(server("Brevo"), alias_domain=None, platform_from=platform)
    assert format_mailbox(decision.from_) == '"Mary" <postmaster@platform.example>'
    assert (decision.return_path, decision.reply_to) == ("postmaster@platform.example", None)
    assert decide(author=None, alias_domain=None, platform_from=platform).from_.name == ""


def test_the_authors_own_address_is_used_with_a_warning_when_there_is_no_other() -> None:
    decision = decide(server("Brevo"), alias_domain=None)
    assert (decision.from_, decision.from_rewritten) == (MARY, False)
    assert any("author's own address mary@customer.example.com" in warning for warning in decision.warnings)


def test_bounces_go_to_the_from_with_a_warning_where_the_server_may_not_send_for_the_bounce_address() -> None:
    decision = decide(server("Brevo", from_filter="customer.example.com"))
    assert decision.return_path == "mary@customer.example.com"
    assert any(
        "errors will not come back" in warning and "bounce@company-name.com" in warning for warning in decision.warnings
    )
    assert decide(server("Brevo", from_filter="customer.example.com, bounce@company-name.com")).return_path == (
        "bounce@company-name.com"
    )


def test_an_empty_alias_means_that_there_is_no_such_address() -> None:
    decision = decide(alias_domain=AliasDomain("company-name.com", "", " ", ""))
    assert (decision.from_, decision.return_path, decision.reply_to) == (MARY, "mary@customer.example.com", None)


def test_an_alias_domain_that_makes_no_address_is_named() -> None:
    with pytest.raises(AddressError) as refusal:
        decide(alias_domain=AliasDomain("company-name.com", "boun ce", "catchall", "notifications"))
    assert refusal.value.field == "alias_domain.bounce"


def test_a_bad_filter_entry_is_warned_about_and_never_matches() -> None:
    decision = decide(server("Brevo", from_filter="customer example.com"))
    assert decision.from_rewritten
    assert decision.warnings[0].startswith("Brevo's FROM filter: “customer example.com” is neither")
    assert "mail.default.from_filter" in decide(parameter="bad entry").warnings[0]


# A server that is named


def test_a_forced_server_keeps_the_from_only_if_its_filter_holds_it() -> None:
    servers = [
        server("Gmail", 1, "customer.example.com"),
        server("Mailgun", 2, "company-name.com"),
        server("Mailjet", 3),
    ]
    for forced, rewritten in (("Gmail", False), ("Mailgun", True), ("Mailjet", True)):
        decision = decide(*servers, forced=forced)
        assert (name_of(decision), decision.from_rewritten) == (forced, rewritten)
        assert "forced_server" in matched(decision)


def test_a_forced_server_that_is_unknown_or_archived_is_refused_by_name() -> None:
    for servers in ([], [server("Mailgun", active=False)], [server("mailgun")]):
        with pytest.raises(UnknownServerError, match="Mailgun"):
            decide(*servers, forced="Mailgun")


# Words


def test_the_trace_tells_each_criterion_in_words() -> None:
    decision = decide(server("Brevo", from_filter="company-name.com"), policy=Policy.PREFER_NOTIFICATION_SERVER)
    assert [(step.criterion, step.why) for step in decision.steps] == [
        (
            "complete_default_from",
            "The Default From Alias is not a complete address, so it does not replace every From.",
        ),
        ("filter_address", "No server's FROM filter holds mary@customer.example.com."),
        ("filter_domain", "No server's FROM filter holds customer.example.com."),
        (
            "notification_server",
            "Brevo's FROM filter holds the notification address notifications@company-name.com.",
        ),
        (
            "keep_from",
            "Brevo's FROM filter does not hold mary@customer.example.com or its domain, "
            "so the notification address notifications@company-name.com replaces the From.",
        ),
        ("bounce_address", "Brevo may send for bounce@company-name.com, where delivery errors go."),
    ]


def test_the_trace_shows_an_idn_as_people_read_it() -> None:
    decision = decide(server("Brevo", from_filter="xn--mnchen-3ya.example"), author="mary@MÜNCHEN.example")
    assert decision.steps[2].why == "Brevo's FROM filter holds münchen.example."


# Laws

ADDRESSES = st.sampled_from(
    ["mary@customer.example.com", "A+b@company-name.com", "sales@münchen.example", "notifications@company-name.com"]
)
ENTRIES = st.sampled_from(
    [
        "customer.example.com",
        "COMPANY-NAME.com",
        "xn--mnchen-3ya.example",
        "a+B@company-name.com",
        "other.example",
        "bad!",
    ]
)
FILTERS = st.none() | st.lists(ENTRIES, max_size=3).map(" , ".join)
SERVERS = st.lists(
    st.builds(Server, st.integers(0, 99), st.sampled_from("aAbB"), st.integers(1, 3), FILTERS, st.booleans()),
    max_size=6,
    unique_by=lambda row: row.key,
)
AUTHORS = st.builds(
    lambda name, address: Mailbox(name, *parse_mailbox(address).address.split("@")), st.text(max_size=5), ADDRESSES
)
ALIAS_DOMAINS = st.none() | st.builds(
    AliasDomain,
    st.sampled_from(["company-name.com", "münchen.example"]),
    st.just("bounce"),
    st.just("catchall"),
    st.sampled_from(["notifications", "hello@other.example"]),
)
QUESTIONS = st.tuples(SERVERS, AUTHORS, ALIAS_DOMAINS, st.sampled_from(Policy), FILTERS)
Question = tuple[list[Server], Mailbox, AliasDomain | None, Policy, str | None]


def answer(question: Question) -> Decision:
    servers, author, alias_domain, policy, parameter = question
    return decide(*servers, author=author, alias_domain=alias_domain, policy=policy, parameter=parameter)


@given(QUESTIONS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_matters(question: Question, chance: random.Random) -> None:
    servers, *rest = question
    shuffled = chance.sample(servers, len(servers))
    assert answer((shuffled, *rest)) == answer(question)  # type: ignore[arg-type]  # unpacking forgets the shape


@given(QUESTIONS)
def test_archived_servers_are_never_chosen_and_change_nothing(question: Question) -> None:
    servers, *rest = question
    decision = answer(question)
    assert decision.server is None or decision.server.active
    active = [row for row in servers if row.active]
    assert answer((active, *rest)) == decision  # type: ignore[arg-type]  # unpacking forgets the shape


@given(QUESTIONS)
def test_a_from_that_a_filter_holds_is_kept_unless_a_complete_default_from_replaces_it(question: Question) -> None:
    servers, author, alias_domain, _, _ = question
    decision = answer(question)
    is_held = any(parse_from_filter(row.from_filter).holds(author) for row in servers if row.active)
    is_overridden = alias_domain is not None and "@" in alias_domain.default_from
    if is_held and not is_overridden:
        assert decision.from_ == author
        assert decision.server is not None
        assert parse_from_filter(decision.server.from_filter).holds(author)


@given(QUESTIONS)
def test_a_rewritten_from_keeps_the_authors_name(question: Question) -> None:
    author, decision = question[1], answer(question)
    assert decision.from_rewritten == (match_key(decision.from_) != match_key(author))
    assert decision.from_.name == (author.name if author.name.strip() or not decision.from_rewritten else author.local)


@given(QUESTIONS)
def test_the_return_path_is_the_bounce_address_or_else_the_from_with_a_warning(question: Question) -> None:
    decision = answer(question)
    is_warned = any("errors will not come back" in warning for warning in decision.warnings)
    assert is_warned == (not decision.return_path.startswith("bounce@"))
    assert decision.return_path.startswith("bounce@") or decision.return_path == decision.from_.address


@given(QUESTIONS)
def test_the_policies_differ_only_where_no_filter_holds_the_author(question: Question) -> None:
    servers, author, alias_domain, _, parameter = question
    documented = answer((servers, author, alias_domain, Policy.DOCUMENTED, parameter))
    preferring = answer((servers, author, alias_domain, Policy.PREFER_NOTIFICATION_SERVER, parameter))
    if "filter_address" in matched(documented) or "filter_domain" in matched(documented):
        assert documented == preferring


# Personal servers and the platform's own


def personal(name: str, address: str, priority: int = 10) -> Server:
    return Server(name, name, priority, address, is_personal=True)


MARYS = personal("Mary's Gmail", "mary@company-name.com", priority=90)


def test_a_mailbox_that_its_owner_connected_goes_before_every_filter() -> None:
    company = server("Company mail", 1, "mary@company-name.com, company-name.com")
    decision = decide(company, MARYS, author="Mary <MARY@company-name.com>")
    assert (name_of(decision), decision.from_rewritten) == ("Mary's Gmail", False)
    assert matched(decision)[0] == "personal_server"
    assert decision.return_path == "MARY@company-name.com", "a mailbox takes no other return path than its own"


@pytest.mark.parametrize("author", ["joe@company-name.com", None, "notifications@company-name.com"])
@pytest.mark.parametrize("policy", list(Policy))
def test_it_serves_nobody_else(author: str | None, policy: Policy) -> None:
    assert name_of(decide(MARYS, author=author, policy=policy)) is None
    assert name_of(decide(MARYS, server("Any"), author=author, policy=policy)) == "Any"


def test_another_from_is_not_kept_at_the_default_server_because_of_it() -> None:
    decision = decide(MARYS, author="joe@company-name.com", alias_domain=SUBDOMAIN, parameter=SUBDOMAIN.name)
    assert decision.from_.address == f"notifications@{SUBDOMAIN.name}"
    assert matched(decision)[-2:] == ["default_server", "bounce_address"]


def test_a_from_that_is_replaced_for_all_does_not_leave_through_a_mailbox() -> None:
    assert name_of(decide(MARYS, server("Any"), author="mary@company-name.com", alias_domain=UNIQUE)) == "Any"


def test_what_leaves_through_a_platforms_server_returns_to_the_platform() -> None:
    bounce = parse_mailbox("bounce@company-name.platform.example")
    cli = Server("CLI", "CLI", 1, "company-name.com", is_platform=True)
    own = Server("Own", "Own", 2, "second-company.com")
    table = compile_table([cli, own], policy=Policy.DOCUMENTED, default_from_filter=None)
    domain = AliasDomain("second-company.com", "bounce", "catchall", "notifications")
    for alias_domain, author, expected in (
        (CUSTOM, "mary@company-name.com", bounce.address),
        (domain, "joe@second-company.com", "bounce@second-company.com"),
    ):
        decision = table.decide(
            parse_mailbox(author), alias_domain=alias_domain, platform_from=None, platform_bounce=bounce
        )
        assert (decision.return_path, decision.warnings) == (expected, ())
    alone = compile_table([], policy=Policy.DOCUMENTED, default_from_filter="")
    decision = alone.decide(MARY, alias_domain=CUSTOM, platform_from=None, platform_bounce=bounce)
    assert (decision.server, decision.return_path) == (None, bounce.address)
