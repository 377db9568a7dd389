-- What is over the daily limit of the default server leaves on a later day (UTC), so many a day, in the order it would
-- have left. By hand: each row's day follows from its rank.
WITH due AS (
    SELECT id, priority, due_at
    FROM outbound_delivery
    WHERE lane_id = %(lane)s AND flow = %(flow)s AND status IN ('queued', 'deferred') AND due_at <= now()
    FOR UPDATE SKIP LOCKED
), ranked AS (
    SELECT id, row_number() OVER (ORDER BY priority, due_at, id) - 1 AS rank FROM due
)
UPDATE outbound_delivery AS delivery
SET status = 'deferred',
    due_at = (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day' * (1 + ranked.rank / %(per_day)s))
             AT TIME ZONE 'UTC',
    reason = %(reason)s
FROM ranked
WHERE delivery.id = ranked.id
