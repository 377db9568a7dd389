"""When does a DKIM key begin to sign, and when may its record go?"""

from datetime import timedelta

from postroom.policy.dns.facts import KeyState

# From the first sight of a record to the first signature: secondary name servers lag behind, and caches remember for a
# while that there was nothing.
SETTLE = timedelta(hours=1)
# From the last signature to the end of its record: mail is tried for five days, and read again on the way.
OVERLAP = timedelta(days=7)


def next_state(state: KeyState, *, age: timedelta, is_published: bool | None) -> KeyState:
    """Where a key goes from `state`, in which it has been for `age`; `is_published` None when DNS did not tell."""
    if state is KeyState.WAITING and is_published:
        return KeyState.SEEN
    if state is KeyState.SEEN and is_published is False:
        return KeyState.WAITING
    if state is KeyState.SEEN and is_published and age >= SETTLE:
        return KeyState.ACTIVE
    if state is KeyState.RETIRING and age >= OVERLAP:
        return KeyState.RETIRED
    return state
