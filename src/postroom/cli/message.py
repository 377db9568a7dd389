"""`postroom message`: a message in JSON as the bytes that would be sent."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any
from uuid import uuid4

import click

from postroom.errors import DraftError, MissingFromError, PostroomError
from postroom.policy.composition import draft_fields, read_draft
from postroom.rfc.message import render
from postroom.rfc.message_id import make_message_id, parse_message_ids


class _Refusal(click.ClickException):
    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=True)


@click.group(name="message")
def command() -> None:
    """Render a message to the bytes that would be sent."""


@command.command(name="render")
@click.argument("file", type=click.File("rb"))
def render_file(file: IO[bytes]) -> None:
    """Print the message that FILE describes in JSON; - reads standard input.

    The fields are those of POST /api/v1/messages (from, to, cc, bcc, reply_to, subject, html, text, attachments,
    headers) and date, message_id and boundary, which are now and random by default. Bcc is not printed.
    """
    try:
        message = _render(_read_json(file))
    except PostroomError as error:
        raise _Refusal(error.message) from error
    click.echo(message, nl=False)


def _read_json(file: IO[bytes]) -> dict[str, Any]:
    try:
        value = json.load(file)
    except (ValueError, RecursionError) as error:
        raise DraftError(f"This is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise DraftError("This is not a JSON object.")
    return value


def _render(members: dict[str, Any]) -> bytes:
    date, message_id, boundary = (_take_text(members, name) for name in ("date", "message_id", "boundary"))
    draft = read_draft(members)
    if draft.from_ is None:
        raise MissingFromError("The message has no from; give one.", field="from")
    fields = draft_fields(
        draft,
        message_id=_parse_message_id(message_id)
        if message_id
        else make_message_id(uuid4().hex, domain=draft.from_.domain),
        date=_parse_date(date) if date else datetime.now(UTC),
    )
    return render(fields, draft.content, boundary=boundary or uuid4().hex)


def _take_text(members: dict[str, Any], name: str) -> str | None:
    value = members.pop(name, None)
    if value is not None and not isinstance(value, str):
        raise DraftError(f"{name} must be a text.", field=name)
    return value


def _parse_message_id(text: str) -> str:
    identifiers = parse_message_ids(text)
    if len(identifiers) != 1:
        raise DraftError(f"{text!a} is not a Message-ID; write it as <unique@example.com>.", field="message_id")
    return identifiers[0]


def _parse_date(text: str) -> datetime:
    """ISO 8601 or as in a header field; a time without its offset is not one moment."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = parse(text)
        except ValueError:
            continue
        if date.utcoffset() is not None:
            return date
    raise DraftError(f"{text!a} is not a date; write it as 2025-11-22T09:30:00+01:00.", field="date")
