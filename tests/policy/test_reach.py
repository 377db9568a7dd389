"""Is it said of every server that gets no mail why?"""

from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.reach import Obstacle, Reach, Remark, reaches
from postroom.policy.routing import Policy, Server, compile_table

ENTRIES = st.sampled_from(["", "a.example", "b.example", "x@a.example", "x@a.example, b.example", "nonsense"])


def reach_of(name: str, *servers: Server, chosen: tuple[str, ...] = ()) -> Reach:
    table = compile_table(servers, policy=Policy.DOCUMENTED, default_from_filter=None)
    return reaches(table, chosen=chosen)[name]


def server(name: str, from_filter: str | None, *, priority: int = 10, active: bool = True) -> Server:
    return Server(name, name, priority, from_filter, active)


GMAIL = server("Gmail", "company-name.com", priority=1)


def test_a_server_that_a_sender_leads_to_needs_no_word() -> None:
    assert reach_of("Gmail", GMAIL, chosen=("Gmail",)) == Reach(never_chosen=False, remarks=())


def test_names_the_server_that_holds_the_same_domain_and_comes_first() -> None:
    brevo = server("Brevo", "company-name.com, shop.example")
    found = reach_of("Brevo", GMAIL, brevo, chosen=("Gmail", "Brevo"))
    assert found == Reach(never_chosen=False, remarks=(Remark(Obstacle.TAKEN, "company-name.com", "Gmail"),))


def test_an_address_is_not_taken_by_a_domain() -> None:
    news = server("News", "news@company-name.com")
    assert reach_of("News", GMAIL, news, chosen=("News",)).remarks == ()


def test_the_second_server_without_a_filter_is_never_chosen() -> None:
    found = reach_of("Second", server("First", None, priority=1), server("Second", " "), chosen=("First",))
    assert found == Reach(never_chosen=True, remarks=(Remark(Obstacle.BEHIND, other="First"),))


def test_a_filter_of_which_nobody_sends_is_told() -> None:
    brevo = server("Brevo", "elsewhere.example")
    found = reach_of("Brevo", GMAIL, brevo, chosen=("Gmail",))
    assert found == Reach(never_chosen=True, remarks=(Remark(Obstacle.NO_SENDER),))


def test_a_filter_that_is_no_filter_says_what_is_wrong() -> None:
    remarks = reach_of("Brevo", GMAIL, server("Brevo", "Brevo"), chosen=("Gmail",)).remarks
    assert remarks == (Remark(Obstacle.MALFORMED, "Brevo"),)


def test_archived_servers_have_no_reach_and_stand_in_nobodys_way() -> None:
    old = server("Old", "company-name.com", priority=0, active=False)
    table = compile_table([old, GMAIL], policy=Policy.DOCUMENTED, default_from_filter=None)
    assert reaches(table, chosen=["Gmail"]) == {"Gmail": Reach(never_chosen=False, remarks=())}


@given(st.lists(st.tuples(ENTRIES, st.integers(0, 2)), min_size=1, max_size=4))
def test_a_server_that_is_never_chosen_always_has_a_reason(rows: list[tuple[str, int]]) -> None:
    servers = [server(f"S{place}", text, priority=priority) for place, (text, priority) in enumerate(rows)]
    table = compile_table(servers, policy=Policy.DOCUMENTED, default_from_filter=None)
    assert all(reach.remarks for reach in reaches(table, chosen=()).values())


def test_a_persons_own_mailbox_competes_with_nobody_elses_server() -> None:
    own = Server("Mary's", "Mary's", 50, "mary@company-name.com", is_personal=True)
    company = server("Company", "mary@company-name.com", priority=1)
    assert reach_of("Mary's", own, company, chosen=("Mary's",)).remarks == ()
    assert reach_of("Company", own, company, chosen=("Company",)).remarks == ()
