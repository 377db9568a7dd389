-- Lanes with due mail that no worker drains and no fault keeps closed. By hand: one index probe a lane.
SELECT lane.id
FROM outbound_lane AS lane
WHERE lane.drained_until <= now()
  AND (lane.closed_until IS NULL OR lane.closed_until <= now())
  AND EXISTS (
      SELECT 1
      FROM outbound_delivery AS delivery
      WHERE delivery.lane_id = lane.id AND delivery.status IN ('queued', 'deferred') AND delivery.due_at <= now()
  )
