"""When is a deferred mail tried again, and when is it given up?"""

FIRST_DELAY_S = 60.0
LONGEST_DELAY_S = 4 * 3600.0
# A server's wish is honoured between these: less would be a hot loop, more could outlast the mail.
SHORTEST_HINT_S = 10.0
LONGEST_HINT_S = 12 * 3600.0
# All mail of a server waits with it: asked once an hour, one that opens earlier than it said is found.
LONGEST_CLOSURE_S = 3600.0

# What waited for its turn until its time was nearly over is tried for so long: a greylisting server, or one that is
# being restarted, takes it within the hour.
LEAST_WINDOW_S = 4 * 3600.0

LIFETIME_HOURS = 5 * 24  # RFC 5321 §4.5.4.1: at least 4 to 5 days
MASS_LIFETIME_HOURS = 2 * 24  # a newsletter is old news after the week-end


def next_attempt(
    attempts: int,
    age_s: float,
    *,
    hint_s: float | None,
    jitter: float,
    lifetime_s: float,
) -> float | None:
    """Seconds from now to the next attempt; None when the mail has lived its time and expires.

    `attempts` were made so far (at least 1), the mail was submitted `age_s` seconds ago, `jitter` is a random number in
    [0, 1) that keeps mail deferred together from coming back together. The last attempt falls on the end of the
    lifetime.
    """
    left_s = lifetime_s - age_s
    if left_s <= 0:
        return None
    if hint_s is None:
        delay_s = _backed_off(attempts, age_s) * (0.8 + 0.4 * jitter)
    else:
        # Never before the time the server named.
        delay_s = min(max(hint_s, SHORTEST_HINT_S), LONGEST_HINT_S) * (1 + 0.2 * jitter)
    return min(delay_s, left_s)


def extended_lifetime(attempts: int, age_s: float, *, lifetime_s: float) -> float:
    """The lifetime in seconds after a refusal: longer than it was where a mail had its first turn too late.

    Time that went by under a limit was no try; a mail is tried for LEAST_WINDOW_S, or its lifetime if that is less.
    """
    return max(lifetime_s, age_s + min(lifetime_s, LEAST_WINDOW_S)) if attempts == 1 else lifetime_s


def closure(hint_s: float | None) -> float:
    """Seconds for which a server with a fault is left alone at least, by its own wish; 0.0 when it had none."""
    return min(hint_s or 0.0, LONGEST_CLOSURE_S)


def _backed_off(attempts: int, age_s: float) -> float:
    """Doubles with each attempt, but no longer than the mail is old: pressing "retry" many times costs no patience."""
    doubled_s = FIRST_DELAY_S * (1 << min(attempts - 1, 20))
    return min(doubled_s, max(age_s, FIRST_DELAY_S), LONGEST_DELAY_S)
