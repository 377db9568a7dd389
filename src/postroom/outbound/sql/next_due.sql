-- When one of the lanes has work next, in seconds from now (negative: it is late). Reads the partial index only.
SELECT extract(epoch FROM min(next.due_at) - now())
FROM unnest(%(lanes)s::bigint[]) AS lane (id)
CROSS JOIN LATERAL (
    SELECT due_at
    FROM outbound_delivery
    WHERE lane_id = lane.id AND status IN ('queued', 'deferred')
    ORDER BY due_at
    LIMIT 1
) AS next
