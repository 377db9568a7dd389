-- Become the one who drains a lane. The row lock decides between workers that hear of the same mail at once.
UPDATE outbound_lane AS lane
SET drained_until = now() + make_interval(secs => %(seconds)s)
WHERE lane.id = %(lane)s
  AND lane.drained_until <= now()
  AND (lane.closed_until IS NULL OR lane.closed_until <= now()
       OR lane.closed_version IS DISTINCT FROM (
           SELECT workspace.routing_version
           FROM servers_outgoingserver AS server
           JOIN workspaces_workspace AS workspace ON workspace.id = server.workspace_id
           WHERE server.id = lane.server_id
       ))
RETURNING lane.id
