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
FILL = """
WITH outlet AS (
    INSERT INTO outbound_outlet (faults, fault, lesson) VALUES (0, '', '') RETURNING id
), lane AS (
    INSERT INTO outbound_lane (outlet_id, stream) SELECT id, 'transactional' FROM outlet RETURNING id
), message AS (
    -- Identifiers as of a message a second until now: milliseconds first (RFC 9562 §5.7).
    INSERT INTO outbound_message (
        id, workspace_id, company_id, stream, source, author_from, subject, message_id, header_from, from_rewritten,
        return_path, reply_to, trace, routed_version, size_bytes, tags, created_at
    )
    SELECT overlay(gen_random_uuid()::text PLACING substring(lpad(to_hex(milliseconds), 12, '0') FROM 1 FOR 8) || '-'
                   || substring(lpad(to_hex(milliseconds), 12, '0') FROM 9) FROM 1 FOR 13)::uuid,
           %(workspace)s, %(company)s, 'transactional', 'http', '', 'Quotation ' || n, '<' || n || '@company-name.com>',
           '"Joe" <joe@company-name.com>', false, 'bounce@company-name.com', '', '{"server": "Company mail"}', 1, 4000,
           ARRAY['invoice-' || n %% 1000], to_timestamp(milliseconds / 1000.0)
    FROM generate_series(1, %(messages)s) AS n,
         LATERAL (SELECT (extract(epoch FROM now())::bigint - %(messages)s + n) * 1000 AS milliseconds) AS moment
    RETURNING id, workspace_id, subject, created_at
)
INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, flow, recipient, status, priority, attempts, due_at,
                               submitted_at, expires_at, reply_text, reason, finished_at)
SELECT message.id, workspace_id, lane.id, 1, 'customer' || substring(subject FROM 11) || '@customer.example.com',
       CASE WHEN random() < 0.98 THEN 'sent' ELSE 'bounced' END, 5, 1, created_at, created_at,
       created_at + interval '5 days', '', '', created_at
FROM message, lane
"""


def main() -> None:
    messages, *addresses = sys.argv[1:]
    runtime.prepare()
    from django.conf import settings  # noqa: PLC0415 - Django is set up by prepare
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from tests.web.samples import make_member, make_workspace  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    workspace = make_workspace()
    with connection.cursor() as cursor:
        company = workspace.companies.get()
        cursor.execute(FILL, {"workspace": workspace.pk, "company": company.pk, "messages": int(messages)})
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(make_member(workspace))
    print(json.dumps({address: _milliseconds(client, address) for address in addresses}))


def _milliseconds(client: Any, address: str) -> float:
    def once() -> float:
        started = time.perf_counter()
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return (time.perf_counter() - started) * 1000

    return median(once() for _ in range(TIMES))


if __name__ == "__main__":
    main()
