-- Queue every recipient of a batch of messages and tell who drains the lanes. By hand: one statement for up to
-- thousands of rows. Returns the lanes that nobody drains at the moment: they need a job.
WITH queued AS (
    INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, recipient, status, priority, attempts, due_at,
                                   submitted_at, expires_at, reply_text, reason)
    SELECT message, %(workspace)s, lane, recipient, 'queued', priority, 0, COALESCE(due_at, now()), COALESCE(due_at, now()),
           COALESCE(due_at, now()) + make_interval(secs => lifetime), '', ''
    FROM unnest(%(messages)s::uuid[], %(lanes)s::bigint[], %(recipients)s::text[], %(priorities)s::smallint[],
                %(dues)s::timestamptz[], %(lifetimes)s::double precision[])
         AS d (message, lane, recipient, priority, due_at, lifetime)
    RETURNING lane_id
), told AS (
    SELECT lane_id, pg_notify('postroom_lane', lane_id::text) FROM (SELECT DISTINCT lane_id FROM queued) AS lanes
)
SELECT lane.id
FROM told JOIN outbound_lane AS lane ON lane.id = told.lane_id
WHERE lane.drained_until <= now() AND (lane.closed_until IS NULL OR lane.closed_until <= now())
