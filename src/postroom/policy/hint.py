"""When does the server itself say to come back?"""

import re

from postroom.rfc.reply import Reply

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = r"(?P<{0}>\d{{1,6}})\s*-?\s*(?P<{0}_unit>s|sec|secs|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?)\b"
_HINT = re.compile(
    r"\b(?:again|retry|retry-after|wait|back|delayed|after)\b[\s:=(]*"
    r"(?:(?:again|later|in|after|for|at|least|about|another|back|please|retry)\b[\s:=(]*)*"
    r"(?:(?P<clock>\d{1,2}:\d{2}:\d{2})|"
    + _NUMBER.format("first")
    + r"(?:\s*(?:,|and)?\s*"
    + _NUMBER.format("second")
    + r")?|(?P<one>an?|one)\s+(?P<one_unit>second|minute|hour|day)\b)",
    re.IGNORECASE,
)


def retry_hint(reply: Reply) -> int | None:
    """Seconds to wait, as in "try again in 10 minutes", "retry after 300 seconds", "come back in 00:04:59"."""
    match = _HINT.search(reply.text)
    if match is None:
        return None
    if match["clock"]:
        hours, minutes, seconds = map(int, match["clock"].split(":"))
        return hours * 3600 + minutes * 60 + seconds
    if match["one"]:
        return _seconds("1", match["one_unit"])
    return _seconds(match["first"], match["first_unit"]) + _seconds(match["second"], match["second_unit"])


def _seconds(number: str | None, unit: str | None) -> int:
    return int(number) * _UNIT_SECONDS[unit[0].lower()] if number and unit else 0
