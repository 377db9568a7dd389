"""How is a list of suppressed addresses read from a table of another system, and written as one?"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import StringIO

from postroom.errors import PostroomError
from postroom.outbound.models import Suppression
from postroom.outbound.suppressions import Entry, normalise
from postroom.policy.suppression import Scope

COLUMNS = ("address", "scope", "reason", "source", "created_at", "expires_at")
# What providers call it in the lists that they let you download.
_ADDRESS_COLUMNS = ("address", "email", "emailaddress", "email address", "recipient")
_DEFAULT_REASON = "It was on a list that was read in."


class SuppressionTableError(PostroomError):
    """The table is not understood: it needs a first line with a column named address or email."""

    code = "invalid_table"


def read_table(text: str) -> list[Entry]:
    """The entries of a CSV table (RFC 4180) with a header line.

    Of its columns address or email is needed, scope, reason and expires_at are used, others are left alone.
    SuppressionTableError names the first line that is wrong.
    """
    rows = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    column = next((names[name] for name in _ADDRESS_COLUMNS if name in names), None)
    if column is None:
        raise SuppressionTableError
    entries = []
    for row in rows:
        try:
            entries.append(
                _read_row({name: (row[written] or "").strip() for name, written in names.items()}, row[column])
            )
        except (PostroomError, ValueError) as error:
            raise SuppressionTableError(f"Line {rows.line_num} of the table: {error}") from error
    return entries


def _read_row(row: dict[str, str], address: str | None) -> Entry:
    expires_at = datetime.fromisoformat(row["expires_at"]) if row.get("expires_at") else None
    if expires_at is not None and expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=UTC)
    return Entry(
        address=normalise(address or ""),
        reason=row.get("reason") or _DEFAULT_REASON,
        scope=Scope(row.get("scope") or Scope.ALL),
        expires_at=expires_at,
    )


def write_table(suppressions: Iterable[Suppression]) -> Iterator[str]:
    """The table in pieces, a line each; `read_table` reads it back."""
    yield _line(COLUMNS)
    for row in suppressions:
        expires_at = row.expires_at.isoformat() if row.expires_at else ""
        yield _line((row.address, row.scope, row.reason, row.source, row.created_at.isoformat(), expires_at))


def _line(values: Iterable[str]) -> str:
    text = StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()
