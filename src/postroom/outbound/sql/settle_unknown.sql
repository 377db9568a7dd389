-- What becomes of deliveries that may have arrived: as the workspace wants it for the stream, sent again with the same
-- Message-ID a little later, or held for a person. After a third unknown outcome always held: something takes the mail and
-- says nothing. Attempts that were answered, as by a greylisting server, are none of the three. It stays with its worker's
-- name until another claims it, should that worker yet learn what became of it. Who waits for mail in the lane hears of it.
WITH unknown AS (
    SELECT delivery.id,
           doubtful.attempts,
           doubtful.attempts < 3 AND CASE WHEN lane.stream = 'mass' THEN workspace.resends_unknown_mass
                                          ELSE workspace.resends_unknown END AS is_resent
    FROM outbound_delivery AS delivery
    JOIN outbound_lane AS lane ON lane.id = delivery.lane_id
    JOIN workspaces_workspace AS workspace ON workspace.id = delivery.workspace_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS attempts
        FROM outbound_attempt AS attempt
        WHERE attempt.delivery_id = delivery.id AND attempt.outcome = 'unknown'
    ) AS doubtful
    WHERE delivery.status = 'unknown'
    FOR UPDATE OF delivery SKIP LOCKED
), settled AS (
    UPDATE outbound_delivery AS delivery
    SET status = CASE WHEN unknown.is_resent THEN 'queued' ELSE 'held' END,
        talking_since = NULL,
        due_at = now() + make_interval(secs => %(wait)s * unknown.attempts)
    FROM unknown
    WHERE delivery.id = unknown.id
    RETURNING delivery.lane_id, delivery.status
)
SELECT pg_notify('postroom_lane', lane.outlet_id || '/' || lane.id)
FROM settled
JOIN outbound_lane AS lane ON lane.id = settled.lane_id
WHERE settled.status = 'queued'
GROUP BY lane.id
