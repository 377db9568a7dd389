"""How states, times, icons and form fields look in every page."""

import re
from collections.abc import Mapping
from datetime import datetime

from django import forms, template
from django.forms import BoundField
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from postroom.errors import AddressError
from postroom.inbound.models import State
from postroom.policy.classification import Kind
from postroom.policy.permission import Action
from postroom.policy.status import Status
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.web import static_files, vocabulary
from postroom.web.seat import PARAMETER
from postroom.workspaces.access import Seat
from postroom.workspaces.language import told

register = template.Library()
OLD_DAYS = 30
# The dot of a domain ends no sentence, as no space follows it.
FIRST_CLAUSE = re.compile(r".{12,}?(?=\s?[.:]\s)", re.DOTALL)
WIDGET_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
)


@register.simple_tag
def asset(name: str) -> str:
    return reverse("asset", args=[static_files.ASSETS[name].version, name])


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of the icons that package.json lists; a word must stand beside it, or in an aria-label around it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', asset("icons.svg"), name)


@register.inclusion_tag("web/_term.html")
def state(status: str) -> dict[str, object]:
    """The state of a delivery or message: icon, word, colour; what it means on hover."""
    return {"term": vocabulary.STATES[Status(status)], "name": str(status)}


@register.inclusion_tag("web/_term.html")
def verdict(name: str) -> dict[str, object]:
    """One of ok, note, warning, fault and skipped, for the lines of a decision."""
    return {"term": vocabulary.VERDICTS[name], "name": name}


@register.inclusion_tag("web/_term.html")
def outcome(name: str) -> dict[str, object]:
    """What the capture server answered."""
    return {"term": vocabulary.OUTCOMES[name], "name": f"outcome-{name}"}


@register.inclusion_tag("web/_term.html")
def proof(name: str) -> dict[str, object]:
    """Whether mail to an address is known to arrive."""
    return {"term": vocabulary.PROOFS[name], "name": f"proof-{name}"}


@register.inclusion_tag("web/_term.html")
def post_kind(name: str) -> dict[str, object]:
    """How a post came to be: written here for all, written for users alone, or by mail."""
    return {"term": vocabulary.POST_KINDS[name], "name": f"post-{name}"}


@register.inclusion_tag("web/_term.html")
def incoming_state(name: str) -> dict[str, object]:
    """What has become of a mail that came in."""
    return {"term": vocabulary.INCOMING_STATES[State(name)], "name": f"incoming-{name}"}


@register.filter
def incoming_kind(name: str) -> str:
    return str(vocabulary.INCOMING_KINDS[Kind(name)]) if name else ""


@register.simple_tag(takes_context=True)
def workspace_field(context: Mapping[str, object]) -> SafeString:
    """Goes into every form beside csrf_token: which workspace it is about, whatever a second window shows."""
    seat = getattr(context.get("frame"), "seat", None)
    if seat is None:
        return SafeString("")
    return format_html('<input type="hidden" name="{}" value="{}">', PARAMETER, seat.workspace.slug)


@register.filter
def may(seat: Seat | None, action: str) -> bool:
    """Whether the person may do it here, for example `frame.seat|may:"steer_mail"`."""
    return seat is not None and seat.may(Action(action))


@register.inclusion_tag("web/_field.html")
def field(bound: BoundField) -> dict[str, object]:
    """A field of a form with label, help and error, tied together for screen readers."""
    kind = next((name for widget, name in WIDGET_CLASSES if isinstance(bound.field.widget, widget)), "form-control")
    classes = f"{kind} is-invalid" if bound.errors else kind
    widget = bound.as_widget(attrs={**bound.field.widget.attrs, "class": classes})
    return {"bound": bound, "widget": widget, "is_check": kind == "form-check-input"}


@register.inclusion_tag("web/_copy.html")
def copy(text: object) -> dict[str, object]:
    """A button that puts an address, record or key on the clipboard."""
    return {"text": text}


@register.inclusion_tag("web/_when.html")
def when(moment: datetime) -> dict[str, object]:
    """A moment as people say it, the exact one on hover."""
    return {"moment": moment, "words": in_words(moment, now=timezone.now())}


@register.filter(name="told")
def told_in_language(text: str) -> str:
    """A sentence of ours that is stored in English, in the person's language."""
    return told(text)


@register.filter
def criterion(name: str) -> str:
    return str(vocabulary.CRITERIA.get(name, name))


@register.filter
def handed_in_by(source: str) -> str:
    """The way that a message of ours came in."""
    return str(vocabulary.SOURCES.get(source, source))


@register.filter
def mailbox(text: str) -> Mailbox | None:
    """A From header's first mailbox; None where it cannot be read."""
    try:
        return parse_mailbox(text)
    except AddressError:
        return None


@register.filter
def first_clause(words: str) -> str:
    """What a long text says first, up to a colon or the end of its first sentence: enough for a link."""
    found = FIRST_CLAUSE.match(words)
    return found[0] if found else words


@register.filter
def after_first_clause(words: str) -> str:
    return words.removeprefix(first_clause(words))


@register.filter
def rhythm(cron: str) -> str:
    """When a periodic job runs, in words; the line of cron itself where it is none of the usual ones."""
    minute, hour, *further = cron.split()
    if further != ["*", "*", "*"]:
        return cron
    if minute.isdigit() and hour.isdigit():
        return _("daily at %(time)s UTC") % {"time": f"{int(hour):02}:{int(minute):02}"}
    if hour != "*":
        return cron
    if minute.isdigit():
        return _("hourly")
    if minute == "*":
        return _("every minute")
    return _("every %(span)s") % {"span": _span(60 * int(minute.removeprefix("*/")))}


@register.filter
def suppression_scope(name: str) -> str:
    return str(vocabulary.SCOPES.get(name, name))


@register.filter
def suppressed_by(name: str) -> str:
    return str(vocabulary.SUPPRESSED_BY.get(name, name))


def in_words(moment: datetime, *, now: datetime) -> str:
    """ "5 min ago", "in 2 h"; the date when it is more than a month away."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) >= (OLD_DAYS + 1) * 86_400:
        return date_format(timezone.localtime(moment) if timezone.is_aware(moment) else moment, "j M Y")
    if abs(seconds) < 60:
        return _("just now") if seconds >= 0 else _("in a moment")
    span = _span(int(abs(seconds)))
    return _("%(span)s ago") % {"span": span} if seconds > 0 else _("in %(span)s") % {"span": span}


@register.filter
def span(seconds: float | None) -> str:
    """A length of time in its biggest unit: "3 h"."""
    return "–" if seconds is None else _span(int(seconds))


def _span(seconds: int) -> str:
    if seconds < 60:
        return _("%(count)s s") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)s min") % {"count": seconds // 60}
    if seconds < 86_400:
        return _("%(count)s h") % {"count": seconds // 3600}
    return _("%(count)s d") % {"count": seconds // 86_400}
