-- Write what servers answered. By hand: many rows in one statement is what group commit lives on.
-- A late answer of a worker that was taken for dead still counts while its delivery is listed as unknown.
WITH result AS (
    SELECT *
    FROM unnest(
        %(ids)s::bigint[], %(statuses)s::text[], %(delays)s::double precision[], %(codes)s::smallint[],
        %(replies)s::text[], %(reasons)s::text[], %(servers)s::text[], %(causes)s::text[], %(dialogs)s::text[]
    ) AS r (id, status, delay, code, reply, reason, server, cause, dialog)
), written AS (
    UPDATE outbound_delivery AS delivery
    SET status = result.status,
        due_at = CASE WHEN result.delay IS NULL THEN due_at ELSE now() + make_interval(secs => result.delay) END,
        reply_code = result.code,
        reply_text = result.reply,
        reason = result.reason,
        claimed_by = CASE WHEN result.status = 'unknown' THEN claimed_by END,
        talking_since = NULL,
        finished_at = CASE WHEN result.delay IS NULL AND result.status <> 'unknown' THEN now() END
    FROM result
    WHERE delivery.id = result.id
      AND delivery.claimed_by = %(worker)s
      AND delivery.status IN ('active', 'unknown')
    RETURNING delivery.id
)
INSERT INTO outbound_attempt (delivery_id, server_name, outcome, cause, reply_code, reply_text, dialog)
SELECT result.id, result.server, result.status, result.cause, result.code, result.reply, result.dialog
FROM result
JOIN outbound_delivery AS before ON before.id = result.id
-- As it was before this statement: equal only when a commit whose answer was lost is tried once more.
WHERE before.status <> result.status
