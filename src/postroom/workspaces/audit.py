"""Who changed what: every change of settings, with the values before and after, secrets masked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from postroom.vault import SealedField
from postroom.workspaces.models import Change, User, Workspace

MASK = "•••"
SECRET_NAMES = {"password", "digest"}


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that may be compared but not shown."""

    value: Any = field(repr=False)

    def __str__(self) -> str:
        return MASK if self.value else ""


Snapshot = dict[str, Any]  # field name: value as it is stored


def snapshot(row: models.Model) -> Snapshot:
    """The row's values, to be taken before a form changes them."""
    return {column.name: _value(column, row) for column in row._meta.concrete_fields}


def record_change(row: models.Model, *, workspace: Workspace | None, by: User | str, before: Snapshot | None) -> None:
    """Note that `row` was made (`before` is None) or changed; nothing is noted when it is as it was.

    `workspace` is None for what concerns the whole installation: plans, registrations, its administrators.
    `by` is the person, or words for what else did it: an API key's name, "command line". Call it in the transaction of
    the change: one is not stored without the other.
    """
    after = snapshot(row)
    changed = [name for name, value in after.items() if before is None or before.get(name) != value]
    if changed:
        _note(
            row,
            workspace,
            by,
            before=before and {n: before.get(n) for n in changed},
            after={n: after[n] for n in changed},
        )


@contextmanager
def noting(row: models.Model, *, workspace: Workspace | None, by: User | str) -> Iterator[None]:
    """A transaction in which `row` is stored, new or changed, and noted beside what the database held before."""
    with transaction.atomic():
        stored = type(row)._base_manager.filter(pk=row.pk).first()
        before = snapshot(stored) if stored else None
        yield
        record_change(row, workspace=workspace, by=by, before=before)


def record_removal(row: models.Model, *, workspace: Workspace | None, by: User | str) -> None:
    """Note that `row` is about to be deleted; call it while it still has its id."""
    _note(row, workspace, by, before=snapshot(row), after=None)


def record_many(model: type[models.Model], *, workspace: Workspace, by: User | str, name: str, count: int) -> None:
    """Note that a person made or changed many rows in one go, such as a list that was read in: one line for all."""
    Change.objects.create(
        workspace=workspace,
        person=by if isinstance(by, User) else None,
        by=str(by),
        kind=str(model._meta.verbose_name),
        name=name[:200],
        after={"count": count},
    )


def _note(row: models.Model, workspace: Workspace | None, by: User | str, **values: Snapshot | None) -> None:
    Change.objects.create(
        workspace=workspace,
        person=by if isinstance(by, User) else None,
        by=str(by),
        kind=str(row._meta.verbose_name),
        subject=str(row.pk),
        name=str(row)[:200],
        **{
            when: None if snapshot is None else {n: _shown(_named(row, n, v)) for n, v in snapshot.items()}
            for when, snapshot in values.items()
        },
    )


def _value(column: "models.Field[Any, Any]", row: models.Model) -> Any:
    value = column.value_from_object(row)
    return Secret(value) if isinstance(column, SealedField) or column.name in SECRET_NAMES else value


def _named(row: models.Model, name: str, value: Any) -> Any:
    """Of what another row stands in, what that one is called now: its id says nothing to people, least of all later."""
    linked = row._meta.get_field(name).related_model
    if not isinstance(linked, type) or value is None:
        return value
    sealed = [column.name for column in linked._meta.concrete_fields if isinstance(column, SealedField)]
    found = linked._base_manager.filter(pk=value).defer(*sealed).first()
    return value if found is None else str(found)


def _shown(value: Any) -> Any:
    """As JSON takes it; what JSON has no form for, as text."""
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    if isinstance(value, bytes | memoryview):
        return f"{len(value)} bytes"
    return str(value) if isinstance(value, Secret) else str(DjangoJSONEncoder().default(value))
