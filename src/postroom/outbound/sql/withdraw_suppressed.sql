-- Claimed deliveries whose address was suppressed after they were handed in: they do not leave. By hand: one statement for
-- all that was claimed, guarded by the claim.
UPDATE outbound_delivery AS delivery
SET status = CASE lane.stream WHEN 'mass' THEN 'canceled' ELSE 'bounced' END,
    attempts = delivery.attempts - 1,
    claimed_by = NULL,
    finished_at = now(),
    reason = 'The address is suppressed: ' || suppression.reason
FROM outbound_suppression AS suppression, outbound_lane AS lane
WHERE delivery.id = ANY(%(ids)s)
  AND delivery.status = 'active' AND delivery.talking_since IS NULL
  AND lane.id = delivery.lane_id
  AND suppression.workspace_id = delivery.workspace_id
  AND suppression.address = lower(delivery.recipient COLLATE "C")
  AND (suppression.scope = 'all' OR lane.stream = 'mass')
  AND (suppression.expires_at IS NULL OR suppression.expires_at > now())
RETURNING delivery.id
