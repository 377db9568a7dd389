"""How does a program look after mail that found no place?"""

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router
from pydantic import BaseModel, Field

from postroom.api.auth import KeyRequest
from postroom.api.posts import PostOut, tell_post
from postroom.api.records import find_record
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Name, RequestBody, Storable, StoredBody
from postroom.domains.models import Alias
from postroom.inbound import desk
from postroom.inbound.desk import Choice
from postroom.inbound.incoming import Incoming
from postroom.inbound.letter import Letter
from postroom.inbound.models import IncomingMessage, Rule, State
from postroom.policy.classification import Kind
from postroom.rfc.address import format_mailbox
from postroom.threads.registry import find_type

router = Router(tags=["inbound"])


class DeskListing(Storable):
    """Which mail to list."""

    state: Annotated[State, Field(description="Absent: what waits for a person")] = State.UNROUTED
    recipient: Annotated[str, Field(max_length=320)] = ""
    author: Annotated[str, Field(max_length=320)] = ""
    kind: Kind | None = None
    before: Annotated[int | None, Field(description="Only mail older than this one")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="From 1 to 200; absent: 50")] = 50


class IncomingOut(BaseModel):
    """A mail that came in, for one recipient."""

    id: int
    state: State
    kind: str
    reason: Annotated[str, Field(description="Why it is in its state, in plain words")]
    recipient: str
    author: Annotated[str, Field(description="Address of its From; empty: it names none")]
    header_from: str
    subject: str
    source: str
    received_at: datetime
    record: Annotated[int | None, Field(description="Whose thread has it; of what waits: that it may belong to")]
    post: int | None


class IncomingList(BaseModel):
    """A page of incoming mail, newest first."""

    messages: list[IncomingOut]
    next_before: Annotated[int | None, Field(description="Pass it as “before” for the next page; null: the last page")]


class PassedOnOut(BaseModel):
    """The message that somebody passed on, attached or in the text."""

    author: str
    subject: str
    text: str


class IncomingDetail(IncomingOut):
    """The same with what it says."""

    why: Annotated[str, Field(description="Why it was taken for what it is")]
    text: str
    html: Annotated[str, Field(description="As it was sent: clean it before showing it")]
    attachments: list[str]
    original: Annotated[PassedOnOut | None, Field(description="What it passes on; null: nothing")]


class AttachIn(RequestBody):
    """The record whose thread gets the mail."""

    record: int


class CreateIn(StoredBody):
    """What to make of the mail."""

    type: Annotated[Name, Field(description="Key of a record type")]
    name: Annotated[str, Field(max_length=500, description="Absent: the mail's subject")] = ""
    of_original: Annotated[bool, Field(description="Of the message that the mail passes on, for its author")] = False


class MakeAliasIn(StoredBody):
    """What new mail to the address makes from now on."""

    record_type: Annotated[str, Field(min_length=1, max_length=100)]
    policy: Alias.Policy = Alias.Policy.EVERYONE


class ChoiceIn(StoredBody):
    """Which mail of the desk is meant; what is absent does not narrow."""

    ids: Annotated[list[int] | None, Field(max_length=1_000)] = None
    recipient: Annotated[str, Field(max_length=320)] = ""
    author: Annotated[str, Field(max_length=320)] = ""
    kind: Kind | None = None


class Changed(BaseModel):
    """What a request did."""

    changed: Annotated[int, Field(description="How many mails, or deliveries, it changed")]


class AliasMade(BaseModel):
    """The alias; what waited for it is handled again."""

    address: str


class RuleIn(StoredBody):
    """What is always to be done; a recipient, an author or both."""

    recipient: Annotated[str, Field(max_length=320)] = ""
    author: Annotated[str, Field(max_length=320)] = ""
    action: Rule.Action
    record: Annotated[int | None, Field(description="Of “attach”")] = None
    type: Annotated[Name | None, Field(description="Of “create”: key of a record type")] = None


class RuleOut(BaseModel):
    """A rule of the desk."""

    id: int
    recipient: str
    author: str
    action: Rule.Action
    record: int | None
    type: str | None


class RuleList(BaseModel):
    """The workspace's rules, oldest first."""

    rules: list[RuleOut]


@router.get("", response={200: IncomingList, **REFUSED}, summary="List mail that found no place")
def list_desk(request: KeyRequest, listing: Query[DeskListing]) -> dict[str, Any]:
    """Newest first, each with its reason."""
    choice = Choice(
        states=frozenset({listing.state}), recipient=listing.recipient, author=listing.author, kind=listing.kind
    )
    found = desk.find(request.auth.workspace, choice)
    if listing.before is not None:
        found = found.filter(pk__lt=listing.before)
    rows = list(found[: listing.limit + 1])
    page = rows[: listing.limit]
    return {"messages": list(map(_tell, page)), "next_before": page[-1].pk if len(rows) > len(page) else None}


@router.get("/rules", response={200: RuleList, **REFUSED}, summary="List rules of the desk")
def list_desk_rules(request: KeyRequest) -> dict[str, Any]:
    """What is always done with some mail instead of laying it on the desk."""
    return {"rules": list(map(_tell_rule, desk.rules(request.auth.workspace)))}


@router.post("/rules", response={200: RuleOut, **REFUSED}, summary="Always do this")
def post_desk_rule(request: KeyRequest, wanted: RuleIn) -> dict[str, Any]:
    """With mail that would wait on the desk, and with what waits there now."""
    workspace = request.auth.workspace
    rule = desk.always(
        workspace,
        recipient=wanted.recipient,
        author=wanted.author,
        action=wanted.action,
        record=None if wanted.record is None else find_record(workspace, wanted.record),
        record_type=None if wanted.type is None else find_type(workspace, wanted.type),
    )
    return _tell_rule(rule)


@router.delete("/rules/{int:rule_id}", response={200: RuleList, **REFUSED}, summary="End a rule of the desk")
def delete_desk_rule(request: KeyRequest, rule_id: int) -> dict[str, Any]:
    """What it did stays; the answer lists the rules that are left."""
    deleted, _ = desk.rules(request.auth.workspace).filter(pk=rule_id).delete()
    if not deleted:
        raise NotFoundError("This workspace has no such rule.")
    return list_desk_rules(request)


@router.post("/drop", response={200: Changed, **REFUSED}, summary="Drop mail of the desk")
def drop_desk(request: KeyRequest, choice: ChoiceIn) -> dict[str, int]:
    """All that fits; it is kept and can be restored."""
    return {"changed": desk.drop(desk.find(request.auth.workspace, _choice(choice)))}


@router.post("/restore", response={200: Changed, **REFUSED}, summary="Restore dropped mail")
def restore_desk(request: KeyRequest, choice: ChoiceIn) -> dict[str, int]:
    """All that fits lies on the desk again."""
    return {"changed": desk.restore(desk.find(request.auth.workspace, _choice(choice, State.DROPPED)))}


@router.post("/replay", response={200: Changed, **REFUSED}, summary="Handle mail of the desk again")
def replay_desk(request: KeyRequest, choice: ChoiceIn) -> dict[str, int]:
    """As if it came in now, once a mistake was mended."""
    return {"changed": desk.replay(desk.find(request.auth.workspace, _choice(choice)))}


@router.get("/{int:incoming_id}", response={200: IncomingDetail, **REFUSED}, summary="See a mail that came in")
def get_incoming(request: KeyRequest, incoming_id: int) -> dict[str, Any]:
    """On the desk or not, with what it says."""
    return _tell_detail(desk.show(_find(request, incoming_id)))


@router.post("/{int:incoming_id}/attach", response={200: PostOut, **REFUSED}, summary="Put a mail into a thread")
def attach_incoming(request: KeyRequest, incoming_id: int, wanted: AttachIn) -> dict[str, Any]:
    """Tells its followers, and lets its author take part."""
    row = _find(request, incoming_id)
    return tell_post(desk.attach(row, find_record(request.auth.workspace, wanted.record)))


@router.post("/{int:incoming_id}/create", response={200: PostOut, **REFUSED}, summary="Make a record of a mail")
def create_of_incoming(request: KeyRequest, incoming_id: int, wanted: CreateIn) -> dict[str, Any]:
    """Its author follows the record; the answer is its first post."""
    row = _find(request, incoming_id)
    record_type = find_type(request.auth.workspace, wanted.type)
    return tell_post(desk.create(row, record_type, name=wanted.name, of_original=wanted.of_original))


@router.post("/{int:incoming_id}/alias", response={200: AliasMade, **REFUSED}, summary="Make an alias of a recipient")
def make_alias_of_recipient(request: KeyRequest, incoming_id: int, wanted: MakeAliasIn) -> dict[str, str]:
    """What waits for the address is handled again."""
    workspace = request.auth.workspace
    changes = {"record_type": find_type(workspace, wanted.record_type).key, "policy": wanted.policy}
    return {"address": desk.make_alias(_find(request, incoming_id), changes=changes).address}


@router.post("/{int:incoming_id}/not-a-bounce", response={200: Changed, **REFUSED}, summary="Say it is no bounce")
def take_incoming_for_ordinary(request: KeyRequest, incoming_id: int) -> dict[str, int]:
    """Undoes what it did to deliveries, and handles it again as mail that somebody wrote."""
    return {"changed": desk.take_for_ordinary(_find(request, incoming_id))}


def _find(request: KeyRequest, incoming_id: int) -> IncomingMessage:
    found = desk.find(request.auth.workspace, Choice(ids=[incoming_id], states=frozenset())).first()
    if found is None:
        raise NotFoundError("This workspace has no such mail.")
    return found


def _choice(wanted: ChoiceIn, state: State = State.UNROUTED) -> Choice:
    return Choice(
        ids=wanted.ids or (),
        states=frozenset({state}),
        recipient=wanted.recipient,
        author=wanted.author,
        kind=wanted.kind,
    )


def _tell(row: IncomingMessage) -> dict[str, Any]:
    content = row.content
    return {
        **{name: getattr(row, name) for name in ("id", "state", "kind", "reason", "recipient", "author")},
        "header_from": content.header_from,
        "subject": content.subject,
        "source": content.source,
        "received_at": content.received_at,
        "record": row.record_id,
        "post": row.post_id,
    }


def _tell_detail(mail: Incoming) -> dict[str, Any]:
    letter = mail.letter
    said = {"text": letter.text, "html": letter.html, "attachments": [file.filename for file in letter.files]}
    return {**_tell(mail.row), "why": mail.found.why, **said, "original": _tell_original(mail.original)}


def _tell_original(original: Letter | None) -> dict[str, str] | None:
    if original is None:
        return None
    author = format_mailbox(original.author) if original.author else ""
    return {"author": author, "subject": original.subject, "text": original.text}


def _tell_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.pk,
        "recipient": rule.recipient,
        "author": rule.author,
        "action": rule.action,
        "record": rule.record_id,
        "type": rule.record_type.key if rule.record_type else None,
    }
