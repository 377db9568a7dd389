-- Of some workspaces, those with a daily limit of the default server: the limit, and what they have used of it today
-- (UTC), through whichever outgoing server stands for it.
SELECT workspace.id, workspace.default_server_daily_limit, COALESCE(sum(usage.messages), 0)::integer
FROM workspaces_workspace AS workspace
LEFT JOIN outbound_usage AS usage
    ON usage.workspace_id = workspace.id
   AND usage.at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
   AND usage.outlet_id IN (
       SELECT outlet.id
       FROM outbound_outlet AS outlet
       LEFT JOIN servers_outgoingserver AS server ON server.id = outlet.server_id
       WHERE server.id IS NULL OR server.authentication = 'default_server'
   )
WHERE workspace.id = ANY(%(workspaces)s) AND workspace.default_server_daily_limit IS NOT NULL
GROUP BY workspace.id, workspace.default_server_daily_limit
