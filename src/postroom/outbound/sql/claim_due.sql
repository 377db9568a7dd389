-- Take deliveries that are due in a lane. By hand: SKIP LOCKED under a LIMIT with RETURNING, which the ORM cannot say.
WITH due AS (
    SELECT id
    FROM outbound_delivery
    WHERE lane_id = %(lane)s AND status IN ('queued', 'deferred') AND due_at <= now()
    ORDER BY priority, due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE outbound_delivery AS delivery
SET status = 'active', claimed_by = %(worker)s, talking_since = NULL, attempts = attempts + 1
FROM due
WHERE delivery.id = due.id
RETURNING delivery.id, delivery.message_id, delivery.recipient, delivery.attempts,
          delivery.submitted_at, delivery.expires_at
