"""Which server would a message take, and as whom would it leave? Asked here before anything is sent (requirement D7).

All that is asked stands in the address, so that a link shows another person the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from postroom.errors import AddressError, PostroomError
from postroom.outbound.models import Stream
from postroom.outbound.simulate import Question, Simulation, simulate
from postroom.policy.criteria import Cell, Criterion, Standing
from postroom.policy.permission import Action
from postroom.policy.routing import Server
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox
from postroom.servers.dns_standing import DnsStanding, standing_of
from postroom.servers.selection import as_value, in_order
from postroom.web import route_words
from postroom.web.company import companies
from postroom.web.http import words_of
from postroom.web.seat import PARAMETER, needs
from postroom.web.views.servers import PriorityField
from postroom.web.vocabulary import CRITERIA
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Company

MOST_CHOICES = 200


class QuestionForm(forms.Form):
    """What the message is like."""

    author = forms.CharField(label=gettext_lazy("Author"), max_length=400, required=False)
    company = forms.ChoiceField(label=gettext_lazy("Company"))
    template = forms.ChoiceField(label=gettext_lazy("Template"), required=False)
    recipient = forms.CharField(label=gettext_lazy("Recipient"), max_length=400, required=False)
    stream = forms.ChoiceField(
        label=gettext_lazy("Kind of mail"),
        choices=[
            (Stream.TRANSACTIONAL.value, gettext_lazy("Transactional mail")),
            (Stream.MASS.value, gettext_lazy("Mass mail")),
        ],
    )

    def __init__(self, seat: Seat, asked: dict[str, str], *, among: Sequence[Company]) -> None:
        self.companies = {str(company.pk): company for company in among}
        self.templates = {
            str(pk): (name, header_from, server)
            for pk, name, header_from, server in seat.workspace.templates.order_by("name").values_list(
                "pk", "name", "header_from", "server_id"
            )[:MOST_CHOICES]
        }
        defaults = {
            "author": seat.user.email,
            "company": next(iter(self.companies), ""),
            "stream": Stream.TRANSACTIONAL.value,
        }
        super().__init__({**defaults, **asked})
        self.fields["company"].choices = [  # type: ignore[attr-defined] # a ChoiceField
            (key, company.name) for key, company in self.companies.items()
        ]
        names = [(key, name) for key, (name, *_facts) in self.templates.items()]
        self.fields["template"].choices = [("", _("none")), *names]  # type: ignore[attr-defined] # a ChoiceField
        self.fields["author"].widget.attrs.update({"list": "authors", "dir": "auto"})

    def clean_author(self) -> Mailbox | None:
        return _mailbox(self.cleaned_data["author"])

    def clean_recipient(self) -> Mailbox | None:
        return _mailbox(self.cleaned_data["recipient"])

    def question(self) -> Question:
        """Of a valid form; a template's From takes the author's place."""
        _name, header_from, server = self.templates.get(self.cleaned_data["template"], ("", "", None))
        author = parse_mailbox(header_from) if header_from else self.cleaned_data["author"]
        company = self.companies[self.cleaned_data["company"]]
        return Question(author, company, self.cleaned_data["stream"], server)


@dataclass(frozen=True, slots=True)
class ServerInputs:
    """A server in the table of “what if”: as it is, and as it might be."""

    today: Server
    changed: Server

    @property
    def is_changed(self) -> bool:
        return self.today != self.changed


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A line of the search; a cell is the server's name, what was found there, whether it fits and decides."""

    word: str
    about: str
    standing: str
    cells: list[tuple[str, str, Cell]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision as the page shows it; `refusal` says why there is none, `standing` what DNS says of such mail."""

    server_sentence: str = ""
    from_sentence: str = ""
    dmarc_sentence: str = ""
    is_aligned: bool = False
    warning: str = ""
    server: str = ""
    header_from: str = ""
    return_path: str = ""
    reply_to: str = ""
    servers: tuple[Server | None, ...] = ()
    rows: tuple[CriterionRow, ...] = ()
    refusal: str = ""
    standing: DnsStanding | None = None


@require_safe
@needs(Action.SEE_SETTINGS)
def simulator(request: HttpRequest, seat: Seat) -> HttpResponse:
    asked = {name: request.GET[name] for name in QuestionForm.base_fields if name in request.GET}
    form = QuestionForm(seat, asked, among=companies(request, seat))
    inputs = _inputs(request, seat)
    is_changed = any(row.is_changed for row in inputs)
    context: dict[str, Any] = {"form": form, "inputs": inputs, "authors": _authors(seat, form)}
    if form.is_valid():
        context["today"] = _answer(form, [row.today for row in inputs])
        context["changed"] = _answer(form, [row.changed for row in inputs]) if is_changed else None
        context["is_other"] = is_changed and _differs(context["today"], context["changed"])
        context["recipient"] = form.cleaned_data["recipient"] and format_mailbox(form.cleaned_data["recipient"])
    context["link"] = f"{settings.POSTROOM.public_url}{request.path}?{_query(seat, form, inputs)}"
    context["plain_query"] = _query(seat, form, [])
    return render(request, "web/simulator.html", context)


def _answer(form: QuestionForm, servers: list[Server]) -> Answer:
    try:
        question = form.question()
        found = simulate(question, servers)
    except PostroomError as error:
        return Answer(refusal=words_of(error))
    return Answer(
        server_sentence=route_words.server_sentence(found),
        from_sentence=route_words.from_sentence(found, question.author),
        dmarc_sentence=route_words.dmarc_sentence(found),
        is_aligned=any(found.columns["trace"]["dmarc"][way] for way in ("spf", "dkim")),
        warning=route_words.bounce_warning(found),
        server=route_words.server_name(found),
        header_from=found.columns["header_from"],
        return_path=found.columns["return_path"],
        reply_to=found.columns["reply_to"],
        servers=found.table.servers,
        rows=tuple(_row(found, criterion) for criterion in found.table.criteria),
        standing=standing_of(question.company.workspace, found.decision),
    )


def _differs(today: Answer, changed: Answer) -> bool:
    names = ("server", "header_from", "return_path", "refusal")
    return any(getattr(today, name) != getattr(changed, name) for name in names)


def _row(found: Simulation, criterion: Criterion) -> CriterionRow:
    words = {
        Standing.DECIDES: _("decides"),
        Standing.NOTHING: _("no server fits"),
        Standing.NOT_NEEDED: _("not asked any more"),
    }
    cells = [
        (server.name if server else route_words.server_name(found), _found(criterion.name, cell), cell)
        for server, cell in zip(found.table.servers, criterion.cells, strict=True)
    ]
    return CriterionRow(str(CRITERIA[criterion.name]), criterion.about, words[criterion.standing], cells)


def _found(criterion: str, cell: Cell) -> str:
    fitting = {
        "personal_server": (_("is theirs"), _("is not theirs")),
        "no_filter": (_("has no filter"), _("has a filter")),
        "first_server": (_("is the first"), _("comes later")),
        "forced_server": (_("is the one"), _("is another")),
        "default_server": (_("is the only one"), ""),
    }
    fits, fits_not = fitting.get(criterion, (_("holds it"), _("does not hold it")))
    return fits if cell.fits else fits_not


def _inputs(request: HttpRequest, seat: Seat) -> list[ServerInputs]:
    """The active servers as they are, and as the address says that they might be."""
    found = []
    for row in in_order(seat.workspace):
        today = as_value(row)
        if today.active:
            priority = _number(request.GET.get(f"priority-{row.pk}"), row.priority)
            text = request.GET.get(f"filter-{row.pk}", row.from_filter)[:5000].strip()
            from_filter = today.from_filter if text == row.from_filter.strip() else text or None
            found.append(ServerInputs(today, replace(today, priority=priority, from_filter=from_filter)))
    return found


def _number(text: str | None, otherwise: int) -> int:
    try:
        return int(PriorityField().clean(text))
    except forms.ValidationError:
        return otherwise


def _query(seat: Seat, form: QuestionForm, inputs: list[ServerInputs]) -> str:
    """What the link must say: the question, and what differs from today."""
    asked = {PARAMETER: seat.workspace.slug, **{name: form[name].value() or "" for name in form.fields}}
    for row in inputs:
        if row.is_changed:
            server = row.changed
            asked |= {f"priority-{server.key}": server.priority, f"filter-{server.key}": server.from_filter or ""}
    return urlencode(asked)


def _authors(seat: Seat, form: QuestionForm) -> list[str]:
    people = seat.workspace.memberships.order_by("user__email").values_list("user__email", flat=True)
    return [
        *people[:MOST_CHOICES],
        *(header_from for _name, header_from, _server in form.templates.values() if header_from),
    ]


def _mailbox(text: str) -> Mailbox | None:
    try:
        return parse_mailbox(text) if text.strip() else None
    except AddressError as error:
        raise forms.ValidationError(words_of(error)) from error
