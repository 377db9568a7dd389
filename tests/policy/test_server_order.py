"""Do the priorities that are given put the servers where the person moved them?"""

from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.routing import Server, rank
from postroom.policy.server_order import Move, moved, priorities

LISTS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-2, 3)), min_size=1, max_size=6).map(
    lambda rows: [Server(key, name, priority, None) for key, (name, priority) in enumerate(rows)]
)


@given(LISTS, st.data())
def test_every_move_is_kept_by_the_priorities(servers: list[Server], data: st.DataObject) -> None:
    move = Move(data.draw(st.sampled_from([server.key for server in servers])), data.draw(st.sampled_from([-1, 1])))
    wanted = moved(servers, move)
    given_ = priorities(wanted)
    ordered = sorted(
        (Server(s.key, s.name, given_[s.key], None) for s in servers),
        key=rank,
    )
    assert [server.key for server in ordered] == [server.key for server in wanted]


@given(LISTS)
def test_an_order_that_is_there_keeps_its_priorities(servers: list[Server]) -> None:
    ordered = sorted(servers, key=rank)
    assert priorities(ordered) == {server.key: server.priority for server in ordered}


def test_two_servers_swap_their_numbers() -> None:
    servers = [Server("gmail", "Gmail", 1, None), Server("mailgun", "Mailgun", 2, None)]
    assert priorities(moved(servers, Move("gmail", 1))) == {"mailgun": 1, "gmail": 2}
