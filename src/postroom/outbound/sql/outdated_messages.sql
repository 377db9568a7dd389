-- Due messages of a lane that were routed under older settings, or to another server. By hand: the workspace's version
-- belongs to the message, the server to the lane.
SELECT DISTINCT message.id
FROM outbound_delivery AS delivery
JOIN outbound_lane AS lane ON lane.id = delivery.lane_id
JOIN outbound_outlet AS outlet ON outlet.id = lane.outlet_id
JOIN outbound_message AS message ON message.id = delivery.message_id
JOIN workspaces_workspace AS workspace ON workspace.id = message.workspace_id
WHERE delivery.lane_id = %(lane)s AND delivery.status IN ('queued', 'deferred') AND delivery.due_at <= now()
  AND (message.routed_version <> workspace.routing_version OR message.server_id IS DISTINCT FROM outlet.server_id)
LIMIT 100
