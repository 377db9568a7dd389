-- Take deliveries that are due in a lane, most urgent first. By hand: SKIP LOCKED under a LIMIT with RETURNING, which the
-- ORM cannot say. UPDATE returns rows in no order, so they are put in order once more.
WITH due AS (
    SELECT id
    FROM outbound_delivery
    WHERE lane_id = %(lane)s AND status IN ('queued', 'deferred') AND due_at <= now()
    ORDER BY priority, due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE outbound_delivery AS delivery
    SET status = 'active', claimed_by = %(worker)s, talking_since = NULL, attempts = attempts + 1
    FROM due
    WHERE delivery.id = due.id
    RETURNING delivery.*
)
SELECT id, message_id, recipient, attempts, submitted_at, expires_at
FROM claimed
ORDER BY priority, due_at, id
