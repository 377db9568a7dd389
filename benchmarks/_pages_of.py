"""Fills a workspace with so many messages and asks for its pages; prints a JSON object of milliseconds by address.

Run by benchmarks/pages.py with POSTROOM_DATABASE_URL, in a process of its own: Django reads its settings once.
"""

import json
import sys
import time
from statistics import median
from typing import Any

from postroom.config import runtime

TIMES = 5
AT_ONCE = 100_000  # messages a statement; what one holds back until it ends grows with it
LANE = """
WITH outlet AS (
    INSERT INTO outbound_outlet (faults, fault, lesson) VALUES (0, '', '') RETURNING id
)
INSERT INTO outbound_lane (outlet_id, stream) SELECT id, 'transactional' FROM outlet RETURNING id
"""
FILL = """
WITH message AS (
    -- Identifiers as of a message a second until now: milliseconds first (RFC 9562 §5.7).
    INSERT INTO outbound_message (
        id, workspace_id, company_id, stream, source, author_from, subject, message_id, header_from, from_rewritten,
        return_path, reply_to, trace, routed_version, size_bytes, tags, created_at
    )
    SELECT overlay(gen_random_uuid()::text PLACING substring(lpad(to_hex(milliseconds), 12, '0') FROM 1 FOR 8) || '-'
                   || substring(lpad(to_hex(milliseconds), 12, '0') FROM 9) FROM 1 FOR 13)::uuid,
           %(workspace)s, %(company)s, 'transactional', 'http', '', 'Quotation ' || n, '<' || n || '@company-name.com>',
           '"Joe" <joe@company-name.com>', false, 'bounce@company-name.com', '',
           %(trace)s::jsonb, 1, 4000, ARRAY['invoice-' || n %% 1000],
           to_timestamp(milliseconds / 1000.0)
    FROM generate_series(%(first)s::int, %(last)s::int) AS n,
         LATERAL (SELECT (extract(epoch FROM now())::bigint - %(messages)s + n) * 1000 AS milliseconds) AS moment
    RETURNING id, workspace_id, subject, created_at
), delivery AS (
    INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, flow, recipient, status, priority, attempts,
                                   due_at, submitted_at, expires_at, reply_text, reason, finished_at, followed_at)
    SELECT message.id, workspace_id, %(lane)s, 1, 'customer' || substring(subject FROM 11) || '@customer.example.com',
           CASE WHEN is_sent THEN 'sent' ELSE 'bounced' END, 5, 1, created_at, created_at,
           created_at + interval '5 days', '', CASE WHEN is_sent THEN '' ELSE 'There is no such mailbox.' END,
           created_at, created_at
    FROM message, LATERAL (SELECT random() < 0.98 AND message.id IS NOT NULL AS is_sent) AS outcome
    RETURNING id, status, finished_at
)
INSERT INTO outbound_attempt (delivery_id, at, server_name, outcome, cause, reply_text, dialog)
SELECT id, finished_at, 'Company mail (mail.company-name.com:587)', status,
       CASE status WHEN 'sent' THEN '' ELSE 'recipient-unknown' END, '250 2.0.0 Ok', ''
FROM delivery
"""
# What Home and the monitor count: half a year of quarters of an hour, through three servers.
HISTORY = """
INSERT INTO outbound_quarter (workspace_id, at, server_name, stream, outcome, attempts)
SELECT %(workspace)s, date_trunc('hour', now()) - n * interval '15 minutes', server, 'transactional', outcome, n %% 90
FROM generate_series(1, 180 * 96) AS n, unnest(ARRAY['Company mail', 'Mailings', 'Spare']) AS server,
     unnest(ARRAY['sent', 'deferred', 'bounced']) AS outcome
"""


def main() -> None:
    messages, *addresses = sys.argv[1:]
    runtime.prepare()
    from django.conf import settings  # noqa: PLC0415 - Django is set up by prepare
    from django.test import Client  # noqa: PLC0415

    from postroom.outbound.models import Message  # noqa: PLC0415
    from tests.web.samples import make_member, make_workspace  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    workspace = make_workspace()
    _fill(workspace, int(messages))
    client = Client()
    client.force_login(make_member(workspace))
    newest = Message.objects.order_by("-id").values_list("pk", flat=True)[0]
    print(json.dumps({address: _milliseconds(client, address.format(message=newest)) for address in addresses}))


def _fill(workspace: Any, messages: int) -> None:
    from django.db import connection  # noqa: PLC0415

    from postroom.outbound import history  # noqa: PLC0415
    from tests.web.samples import TRACE  # noqa: PLC0415

    facts = {
        "trace": json.dumps(TRACE),
        "workspace": workspace.pk,
        "company": workspace.companies.get().pk,
        "messages": messages,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(LANE)
        facts["lane"] = cursor.fetchone()[0]
        for first in range(1, messages + 1, AT_ONCE):
            cursor.execute(FILL, {**facts, "first": first, "last": min(first + AT_ONCE - 1, messages)})
        history.count_attempts()  # as a job does every minute
        cursor.execute(HISTORY, facts)
        cursor.execute("VACUUM ANALYZE")


def _milliseconds(client: Any, address: str) -> float:
    def once() -> float:
        started = time.perf_counter()
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return (time.perf_counter() - started) * 1000

    return median(once() for _ in range(TIMES))


if __name__ == "__main__":
    main()
