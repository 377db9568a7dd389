-- Take deliveries that are due: of each flow so many, most urgent first. By hand: SKIP LOCKED under LIMITs with RETURNING,
-- which the ORM cannot say. One index probe a priority finds what is due behind any number of rows that wait for later;
-- generate_series yields its rows in order and the inner LIMIT is lazy, so nothing is locked that is not taken.
-- What goes to a domain that is to be left alone waits until then instead. UPDATE returns rows in no order, so they are
-- put in order once more.
WITH due AS (
    SELECT taken.id, taken.recipient
    FROM unnest(%(flows)s::bigint[], %(most)s::integer[]) AS turn (flow, most)
    CROSS JOIN LATERAL (
        SELECT candidate.id, candidate.recipient
        FROM generate_series(0, 9) AS urgency
        CROSS JOIN LATERAL (
            SELECT id, recipient
            FROM outbound_delivery
            WHERE lane_id = %(lane)s AND flow = turn.flow AND status IN ('queued', 'deferred')
              -- As pairs, and in their order: otherwise the index by due_at looks as good, and reads the whole lane for
              -- each priority that nobody uses.
              AND (priority, due_at) >= (urgency, '-infinity') AND (priority, due_at) <= (urgency, now())
            ORDER BY priority, due_at
            LIMIT turn.most
            FOR UPDATE SKIP LOCKED
        ) AS candidate
        LIMIT turn.most
    ) AS taken
    LIMIT %(limit)s  -- never fewer than are found; said so that the plan is made for that many
), judged AS (
    SELECT due.id, pause.until, pause.reason
    FROM due
    LEFT JOIN outbound_domainpause AS pause
        ON pause.outlet_id = %(outlet)s AND pause.until > now()
       AND pause.domain = lower(substring(due.recipient FROM '[^@]*$'))
), claimed AS (
    UPDATE outbound_delivery AS delivery
    SET status = CASE WHEN judged.until IS NULL THEN 'active' ELSE 'deferred' END,
        claimed_by = CASE WHEN judged.until IS NULL THEN %(worker)s::uuid END,
        talking_since = NULL,
        attempts = attempts + CASE WHEN judged.until IS NULL THEN 1 ELSE 0 END,
        due_at = COALESCE(judged.until, due_at),
        reason = COALESCE(judged.reason, delivery.reason)
    FROM judged
    -- The array, so that they are looked up by key, which no statistics of a queue would advise.
    WHERE delivery.id = ANY(ARRAY(SELECT id FROM due)) AND delivery.id = judged.id
    RETURNING delivery.*
)
SELECT id, message_id, recipient, attempts, submitted_at, expires_at, status = 'active'
FROM claimed
ORDER BY priority, due_at, id
