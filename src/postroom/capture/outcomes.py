"""Which answer does a recipient's address ask the capture server for? docs/capture.md is its manual."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_DELAY_SECONDS = 60.0

# A tag behind "+" leaves the meaning as it is: bounce-550+order-7@ is one of many addresses that bounce.
_REFUSAL = re.compile(
    r"(?P<step>bounce|defer|data)-(?P<code>[45][0-5]\d)(?:-(?P<status>[45]\.\d{1,3}\.\d{1,3}))?", re.ASCII
)
_SLOW = re.compile(r"slow-(?P<count>\d{1,6})(?P<unit>ms|s)", re.ASCII)
_CLASSES = {"bounce": "5", "defer": "4", "data": "45"}
# RFC 3463 and the IANA registry: what servers usually mean by these codes. For 451 that of greylisting: 4.3.0 says that
# the whole server has a problem, after which all other mail through it waits as well.
_USUAL_STATUS = {
    "421": "4.3.2",
    "450": "4.2.0",
    "451": "4.7.1",
    "452": "4.2.2",
    "550": "5.1.1",
    "552": "5.2.2",
    "553": "5.1.3",
    "554": "5.7.1",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the capture server is to do for one recipient, or for a message to several; by default accept it."""

    refused_at_rcpt: str | None = None  # the reply to RCPT
    refused_after_data: str | None = None  # the reply to the message
    delay_seconds: float = 0.0  # before the reply to the message
    is_dropped: bool = False  # hang up instead of replying to the message


def read_wish(address: str) -> Wish:
    """What the local part says; an address that says nothing, or says it wrongly, is accepted like any other."""
    name = address.rpartition("@")[0].lower().partition("+")[0]
    if name == "drop":
        return Wish(is_dropped=True)
    if slow := _SLOW.fullmatch(name):
        seconds = int(slow["count"]) / (1000 if slow["unit"] == "ms" else 1)
        return Wish(delay_seconds=min(seconds, MAX_DELAY_SECONDS))
    refusal = _REFUSAL.fullmatch(name)
    reply = _reply(refusal) if refusal else None
    if refusal and refusal["step"] == "data":
        return Wish(refused_after_data=reply)
    return Wish(refused_at_rcpt=reply)


def combine(wishes: Iterable[Wish]) -> Wish:
    """For a message to several: the longest delay, then the first refusal; a drop goes before both."""
    wishes = tuple(wishes)
    return Wish(
        refused_after_data=next((wish.refused_after_data for wish in wishes if wish.refused_after_data), None),
        delay_seconds=max((wish.delay_seconds for wish in wishes), default=0.0),
        is_dropped=any(wish.is_dropped for wish in wishes),
    )


def _reply(refusal: re.Match[str]) -> str | None:
    """None when step, code and status contradict each other."""
    code = refusal["code"]
    status = refusal["status"] or _USUAL_STATUS.get(code, f"{code[0]}.0.0")
    if code[0] not in _CLASSES[refusal["step"]] or status[0] != code[0]:
        return None
    return f"{code} {status} The address asked for this answer"
