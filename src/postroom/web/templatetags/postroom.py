"""How states, times, sizes and files look in every page."""

from datetime import datetime

from django import template
from django.urls import reverse
from django.utils import timezone

from postroom.policy.status import Status
from postroom.web import static_files

register = template.Library()

# Beside the word and the colour: neither must be needed to tell states apart.
SYMBOLS = {
    Status.QUEUED: "○",
    Status.ACTIVE: "◐",
    Status.DEFERRED: "↻",
    Status.HELD: "‖",
    Status.SENT: "✓",
    Status.BOUNCED: "✕",
    Status.UNKNOWN: "?",
    Status.EXPIRED: "⊘",
    Status.CANCELED: "–",
}
CRITERIA = {
    "empty_from": "From of the system",
    "complete_default_from": "Default From Alias",
    "forced_server": "Forced server",
    "filter_address": "FROM Filtering: address",
    "filter_domain": "FROM Filtering: domain",
    "notification_server": "Server of the notification address",
    "no_filter": "Server without FROM Filtering",
    "first_server": "First server",
    "default_server": "Default server",
    "keep_from": "From of the author",
    "bounce_address": "Return path",
}
UNITS = ((60 * 60 * 24, "d"), (60 * 60, "h"), (60, "min"))
OLD_DAYS = 30


@register.simple_tag
def asset(name: str) -> str:
    return reverse("asset", args=[static_files.ASSETS[name].version, name])


@register.inclusion_tag("web/_state.html")
def state(status: str) -> dict[str, str]:
    return {"status": status, "symbol": SYMBOLS[Status(status)]}


@register.inclusion_tag("web/_when.html")
def when(moment: datetime) -> dict[str, object]:
    """A moment as people say it, the exact one on hover."""
    return {"moment": moment, "words": in_words(moment, now=timezone.now())}


@register.filter
def criterion(name: str) -> str:
    return CRITERIA.get(name, name)


def in_words(moment: datetime, *, now: datetime) -> str:
    """ "5 min ago", "in 2 h"; the date when it is more than a month away."""
    seconds = (now - moment).total_seconds()
    for size, unit in UNITS:
        if (count := int(abs(seconds) // size)) == 0:
            continue
        if unit == "d" and count > OLD_DAYS:
            return f"{moment:%-d %b %Y}"
        return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return "just now" if seconds >= 0 else "in a moment"
