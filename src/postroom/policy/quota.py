"""How many messages a day may a workspace send through the platform's server? By its plan and what it uses (G1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Feature(StrEnum):
    """What a workspace has installed, as far as it sends mail of its own."""

    MAILINGS = "mailings"
    CONVERSATIONS = "conversations"
    APPLICATIONS = "applications"  # programs that hand in mail by HTTP or SMTP


@dataclass(frozen=True, slots=True)
class Allotment:
    """Of a plan: `base` messages a day, so many more with each feature, never more than `most`."""

    base: int
    most: int
    by_feature: Mapping[str, int] = field(default_factory=dict)


# What plans begin with; the platform's administrators change them.
PLANS = {
    "Trial": Allotment(5, 20, {Feature.MAILINGS: 5, Feature.CONVERSATIONS: 5, Feature.APPLICATIONS: 5}),
    "Standard": Allotment(50, 150, {Feature.MAILINGS: 50, Feature.CONVERSATIONS: 25, Feature.APPLICATIONS: 25}),
    "Business": Allotment(100, 200, {Feature.MAILINGS: 50, Feature.CONVERSATIONS: 25, Feature.APPLICATIONS: 25}),
}
FOR_NEW = "Trial"


def daily_limit(allotment: Allotment, features: Iterable[str]) -> int:
    """Messages a day (UTC). Unknown features add nothing: a plan may be older or newer than they are."""
    more = sum(allotment.by_feature.get(feature, 0) for feature in set(features))
    return min(allotment.base + more, max(allotment.most, allotment.base))


def days_to_wait(waiting: int, *, used: int, per_day: int) -> int:
    """How many days (UTC) must begin before the last of `waiting` messages may leave; 0: today."""
    over = waiting - max(per_day - used, 0)
    return max(0, -(-over // max(per_day, 1)))
