"""Does every failure of the network have its place?"""

from random import Random

import pytest

from postroom.chaos.cuts import IN_CLEAR, OF_TLS, Kind, Point, Way, all_cuts, choose_cuts, share_out


def test_each_point_fails_in_both_directions_and_every_way_it_can() -> None:
    cuts = set(all_cuts())
    assert len(cuts) == len(all_cuts())
    for point in Point:
        ways = {cut.way for cut in cuts if cut.point is point}
        kinds = {cut.kind for cut in cuts if cut.point is point}
        assert kinds == set(Kind)
        assert ways == set(Way) or point in (Point.CONNECT, Point.GREETING, Point.BODY)


@pytest.mark.parametrize("seed", range(5))
def test_every_chosen_failure_gets_a_link_on_which_it_can_be_seen(seed: int) -> None:
    visible = [IN_CLEAR, OF_TLS]
    chosen = choose_cuts(Random(seed), 2)
    shares = share_out(chosen, visible, Random(seed))
    assert sorted(map(str, [*shares[0], *shares[1]])) == sorted(map(str, chosen))
    assert all(cut.point in points for points, cuts in zip(visible, shares, strict=True) for cut in cuts)
    assert {cut.point for cut in chosen} == set(Point)
