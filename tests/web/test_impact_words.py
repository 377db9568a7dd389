"""Is it said in words who still uses an address?"""

from postroom.domains.models import RetiredAddress
from postroom.inbound.impact import Affected
from postroom.web.impact_words import impact_sentences


def words(threads: int, unsent: int) -> str:
    use = RetiredAddress.Use.BOUNCE
    (sentence,) = impact_sentences([Affected(address="bounce@old.com", use=use, threads=threads, unsent=unsent)])
    return sentence


def test_counts_what_uses_an_address_or_says_that_nothing_does() -> None:
    assert words(1_200, 1) == "bounce@old.com is used by 1,200 open conversations and 1 unsent message."
    assert words(0, 2) == "bounce@old.com is used by 0 open conversations and 2 unsent messages."
    assert words(0, 0) == "bounce@old.com is used by no open conversation and no unsent message."
