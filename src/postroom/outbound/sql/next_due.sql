-- When the lane has work next, in seconds from now (negative: it is late). Reads the partial index only.
SELECT extract(epoch FROM min(due_at) - now())
FROM outbound_delivery
WHERE lane_id = %(lane)s AND status IN ('queued', 'deferred')
