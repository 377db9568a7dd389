"""Are moments, rhythms and long texts told as people say them?"""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

from postroom.jobs import app
from postroom.policy.permission import Role
from postroom.policy.status import Status
from postroom.web import audit_words
from postroom.web.templatetags.postroom import after_first_clause, first_clause, in_words, rhythm
from postroom.web.views import scheduled_actions
from postroom.web.vocabulary import ROLES, STATES

NOW = datetime(2025, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=30), "30 d ago"),
        (timedelta(days=31), "28 Feb 2025"),
        (timedelta(seconds=-5), "in a moment"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(days=-2), "in 2 d"),
    ],
)
def test_says_how_long_ago_something_was(before: timedelta, words: str) -> None:
    assert in_words(NOW - before, now=NOW) == words


def test_gives_every_state_a_word_and_an_icon_of_its_own() -> None:
    assert set(STATES) == set(Status)
    assert len({term.icon for term in STATES.values()}) == len(Status)
    assert len({str(term.word) for term in STATES.values()}) == len(Status)


def test_has_words_for_every_role() -> None:
    assert set(ROLES) == set(Role)


def test_every_periodic_job_and_every_way_in_has_words() -> None:
    assert set(scheduled_actions.WORDS) == {task.task.name for task in app.periodic_registry.periodic_tasks.values()}


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 min"),
        ("17 * * * *", "hourly"),
        ("41 3 * * *", "daily at 03:41 UTC"),
        ("0 8 * * 1", "0 8 * * 1"),
    ],
)
def test_says_when_a_job_runs(cron: str, words: str) -> None:
    assert rhythm(cron) == words


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (
            "DNS of company-name.com needs a change: it has no SPF record. Add it.",
            "DNS of company-name.com needs a change",
        ),
        ("Le serveur « Brevo » refuse la connexion : mot de passe faux.", "Le serveur « Brevo » refuse la connexion"),
        ("The server is away. Its mail waits.", "The server is away"),
        ("The server is away.", "The server is away."),
    ],
)
def test_the_first_clause_of_a_long_text_is_enough_for_a_link(words: str, first: str) -> None:
    assert first_clause(words) == first
    assert first + after_first_clause(words) == words


def test_has_words_for_every_field_that_the_audit_log_keeps() -> None:
    models = [model for model in apps.get_models() if model._meta.verbose_name in audit_words.KINDS]
    assert len(models) == len(audit_words.KINDS)
    fields = {column.name for model in models for column in model._meta.concrete_fields}
    assert set(audit_words.FIELDS) | audit_words.UNTOLD >= fields
    assert set(audit_words.FIELDS) <= fields
