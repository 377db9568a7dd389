-- Lanes with due mail that no worker drains and no fault keeps closed; once the settings have changed since, the fault may
-- be mended. By hand: one index probe a lane.
SELECT lane.id
FROM outbound_lane AS lane
LEFT JOIN servers_outgoingserver AS server ON server.id = lane.server_id
LEFT JOIN workspaces_workspace AS workspace ON workspace.id = server.workspace_id
WHERE lane.drained_until <= now()
  AND (lane.closed_until IS NULL OR lane.closed_until <= now()
       OR lane.closed_version IS DISTINCT FROM workspace.routing_version)
  AND EXISTS (
      SELECT 1
      FROM outbound_delivery AS delivery
      WHERE delivery.lane_id = lane.id AND delivery.status IN ('queued', 'deferred') AND delivery.due_at <= now()
  )
