"""Who sent the mail that came in, as far as DNS can prove it? Found out after handling, which never waits."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from postroom.domains.resolver import NoResolverError, Resolver
from postroom.inbound.models import IncomingContent, Source
from postroom.policy.dns.answers import Answer, Question, Status
from postroom.policy.sender.evidence import Evidence, client_of, examine
from postroom.policy.sender.spf import Ask
from postroom.rfc.fit_text import make_fit

log = structlog.get_logger()
AT_ONCE = 8  # mostly waiting for DNS
MOST = 200  # mails a call, so that a job ends
DNS_SECONDS = 2.0  # one try of one server
# For one mail: SPF may ask forty times, and a domain may make each answer slow.
MOST_SECONDS = 20.0
LEASE = timedelta(minutes=2)  # of who examines it; who died is followed by another


def authenticate_received(ask: Ask | None = None) -> int:
    """Examine what waits, about MOST of it; how many. `ask` instead of this installation's DNS."""
    remembered = lru_cache(maxsize=4_096)(ask or _own_dns())  # the mail of a minute is of few domains
    count = 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while count < MOST and (claimed := _claim()):
            for content, told in zip(claimed, threads.map(partial(_examine, ask=remembered), claimed), strict=True):
                IncomingContent.objects.filter(pk=content.pk).update(authentication=told, authenticate_at=None)
            count += len(claimed)
    return count


def again(content: IncomingContent) -> None:
    """Have it examined anew, as when a resolver was away."""
    IncomingContent.objects.filter(pk=content.pk).update(authenticate_at=Now())


def tell(evidence: Evidence) -> dict[str, Any]:
    """As JSON keeps it and shows it."""
    told: dict[str, Any] = _fit({**asdict(evidence), "sentence": evidence.sentence})
    return told


@transaction.atomic
def _claim() -> list[IncomingContent]:
    due = IncomingContent.objects.filter(authenticate_at__lte=Now()).order_by("authenticate_at")
    claimed = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
    ids = [content.pk for content in claimed]
    IncomingContent.objects.filter(pk__in=ids).update(authenticate_at=Now() + LEASE)
    return claimed


def _own_dns() -> Ask:
    try:
        return Resolver(settings.POSTROOM.resolver, seconds=DNS_SECONDS).ask
    except NoResolverError:
        return _no_answer


def _no_answer(_question: Question) -> Answer:
    return Answer(Status.TIMEOUT)


def _examine(content: IncomingContent, ask: Ask) -> dict[str, Any] | None:
    """SPF only where the client is the sender's own: what our own server hands on, or a mailbox, hides it."""
    deadline = time.monotonic() + MOST_SECONDS

    def ask_in_time(question: Question) -> Answer:
        return ask(question) if time.monotonic() < deadline else _no_answer(question)

    is_direct = content.source == Source.MX
    client = client_of(content.peer, content.helo, content.return_path) if is_direct else None
    try:
        evidence = examine(bytes(content.raw), client, ask_in_time, now=int(time.time()))
    except Exception:
        log.exception("incoming.not_authenticated", content=content.pk)
        return None
    log.info("incoming.authenticated", content=content.pk, dmarc=evidence.dmarc.result)
    return tell(evidence)


def _fit(value: Any) -> Any:
    """Every text as PostgreSQL takes it."""
    if isinstance(value, dict):
        return {name: _fit(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_fit(each) for each in value]
    return make_fit(value) if isinstance(value, str) else value
