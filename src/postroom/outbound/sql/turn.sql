-- Write what servers answered, and mark what is talked about next: one statement, one commit, one round trip for all
-- connections of a worker. By hand: many rows in one statement is what group commit lives on.
-- A late answer of a worker that was taken for dead still counts until another worker claims its delivery.
-- Rows are found by primary key, whatever the statistics say: they are the worker's, and its index would list all it holds, so
-- claimed_by is compared in a way that no index serves; and nobody analyses a queue as fast as it fills and empties.
WITH result AS (
    SELECT *
    FROM jsonb_to_recordset(%(results)s::jsonb) AS r (
        id bigint, status text, delay double precision, lifetime double precision, code smallint, reply text, reason text, server text,
        cause text, dialog text
    )
), written AS (
    UPDATE outbound_delivery AS delivery
    SET status = result.status,
        due_at = CASE WHEN result.delay IS NULL THEN due_at ELSE now() + make_interval(secs => result.delay) END,
        expires_at = GREATEST(expires_at, now() + make_interval(secs => result.lifetime)),  -- NULL counts for nothing
        reply_code = result.code,
        reply_text = result.reply,
        reason = result.reason,
        claimed_by = CASE WHEN result.status = 'unknown' THEN claimed_by END,
        talking_since = NULL,
        finished_at = CASE WHEN result.delay IS NULL AND result.status <> 'unknown' THEN now() END
    FROM result
    WHERE delivery.id = ANY(ARRAY(SELECT id FROM result))
      AND delivery.id = result.id
      AND delivery.claimed_by IS NOT DISTINCT FROM %(worker)s
      AND delivery.status IN ('active', 'unknown', 'queued', 'held')
), tried AS (
    INSERT INTO outbound_attempt (delivery_id, server_name, outcome, cause, reply_code, reply_text, dialog)
    SELECT result.id, result.server, result.status, result.cause, result.code, result.reply, result.dialog
    FROM result
    JOIN outbound_delivery AS before ON before.id = result.id
    -- As it was before this statement: equal only when a commit whose answer was lost is tried once more.
    WHERE before.id = ANY(ARRAY(SELECT id FROM result)) AND before.status <> result.status
)
UPDATE outbound_delivery
SET talking_since = %(begun_at)s
WHERE id = ANY(ARRAY(SELECT unnest(%(starting)s::bigint[]))) AND claimed_by IS NOT DISTINCT FROM %(worker)s
  AND status IS NOT DISTINCT FROM 'active'
  -- Begun before: by this very commit, whose answer was lost, or by a carrier that is still talking about it.
  AND (talking_since IS NULL OR talking_since = %(begun_at)s)
RETURNING id
