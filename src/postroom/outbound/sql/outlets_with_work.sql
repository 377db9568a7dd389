-- Outlets with due mail that this worker may send: nobody is at it, or those who are do not keep up. By hand: one or two
-- index probes an outlet.
SELECT outlet.id, others.busy
FROM outbound_outlet AS outlet
LEFT JOIN servers_outgoingserver AS server ON server.id = outlet.server_id
LEFT JOIN workspaces_workspace AS workspace ON workspace.id = server.workspace_id
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS busy
    FROM outbound_share AS share
    WHERE share.outlet_id = outlet.id AND share.worker <> %(worker)s AND share.until > now()
) AS others
WHERE (outlet.closed_until IS NULL OR outlet.closed_until <= now()
       OR outlet.closed_version IS DISTINCT FROM workspace.routing_version)
  AND EXISTS (
      SELECT 1
      FROM outbound_lane AS lane
      JOIN outbound_delivery AS delivery ON delivery.lane_id = lane.id
      WHERE lane.outlet_id = outlet.id AND delivery.status IN ('queued', 'deferred')
        AND delivery.due_at <= now() - CASE WHEN others.busy THEN make_interval(secs => %(patience)s) ELSE interval '0' END
  )
