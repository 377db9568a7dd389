"""How DKIM keys pass from one to the next without a message that cannot be verified."""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from postroom.domains.keys import own_key
from postroom.domains.models import DkimKey
from postroom.domains.resolver import Resolver
from postroom.errors import PostroomError
from postroom.policy.dns.answers import Answers, Question
from postroom.policy.dns.dkim import check_own_key
from postroom.policy.dns.facts import KeyState
from postroom.policy.dns.findings import Verdict
from postroom.policy.dns.rotation import next_state

log = structlog.get_logger()


def advance(resolver: Resolver, *, now: datetime) -> None:
    """Let every key take its next step, if it is time: all that run this may do so at once."""
    for key in _under_way():
        try:
            published = _is_published(key, resolver)
        except PostroomError as error:
            log.warning("dkim_key.unreadable", key=str(key), error=error.message)
            continue
        _step(key.pk, published, now)


def _under_way() -> QuerySet[DkimKey]:
    waiting = Q(is_active=False, stopped_at=None)
    return DkimKey.objects.filter(waiting | ~Q(stopped_at=None), retired_at=None).order_by("pk")


def _is_published(key: DkimKey, resolver: Resolver) -> bool | None:
    """None when DNS gave no clear answer, or the key is past that question."""
    if key.state is KeyState.RETIRING:
        return None
    question = Question(str(key), "TXT")
    finding = check_own_key(own_key(key), key.domain, Answers({question: resolver.ask(question)}))
    return None if finding.verdict is Verdict.UNCLEAR else finding.holds


@transaction.atomic
def _step(key_id: int, is_published: bool | None, now: datetime) -> None:  # noqa: FBT001 - private
    key = DkimKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        return
    since = key.stopped_at or key.seen_at or key.created_at
    state = next_state(key.state, age=now - since, is_published=is_published)
    if state is key.state:
        return
    if state is KeyState.ACTIVE:
        _replace_predecessors(key, now)
    _enter(key, state, now)
    log.info("dkim_key.moved", key=str(key), state=state)


def _enter(key: DkimKey, state: KeyState, now: datetime) -> None:
    key.seen_at = None if state is KeyState.WAITING else key.seen_at or now
    key.is_active = state is KeyState.ACTIVE
    changed = ["seen_at", "is_active"]
    if state is KeyState.RETIRED:
        key.retired_at, key.private_key = now, ""
        changed += ["retired_at", "private_key"]
    key.save(update_fields=changed)


def _replace_predecessors(key: DkimKey, now: datetime) -> None:
    same = DkimKey.objects.filter(workspace=key.workspace_id, domain=key.domain, algorithm=key.algorithm)
    same.filter(is_active=True).update(is_active=False, stopped_at=now)
