-- Queue every recipient of a batch of messages and let the workers hear of it. By hand: one statement for thousands.
WITH queued AS (
    INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, recipient, status, priority, attempts, due_at,
                                   submitted_at, expires_at, reply_text, reason)
    SELECT message, %(workspace)s, lane, recipient, 'queued', priority, 0, COALESCE(due_at, now()), COALESCE(due_at, now()),
           COALESCE(due_at, now()) + make_interval(secs => lifetime), '', ''
    FROM unnest(%(messages)s::uuid[], %(lanes)s::bigint[], %(recipients)s::text[], %(priorities)s::smallint[],
                %(dues)s::timestamptz[], %(lifetimes)s::double precision[])
         AS d (message, lane, recipient, priority, due_at, lifetime)
    RETURNING lane_id
)
SELECT pg_notify('postroom_lane', lane_id::text) FROM (SELECT DISTINCT lane_id FROM queued) AS lanes
