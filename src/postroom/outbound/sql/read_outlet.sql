-- How an outlet stands now: may it be used, how many connections does its server take, what has it taught us.
-- By hand: "changed since it was closed" compares with the workspace's version.
SELECT outlet.closed_until IS NULL OR outlet.closed_until <= now()
           OR outlet.closed_version IS DISTINCT FROM workspace.routing_version,
       COALESCE(server.max_connections, %(default_connections)s),
       outlet.learned_connections,
       outlet.learned_per_minute,
       extract(epoch FROM now() - outlet.learned_at)::double precision
FROM outbound_outlet AS outlet
LEFT JOIN servers_outgoingserver AS server ON server.id = outlet.server_id
LEFT JOIN workspaces_workspace AS workspace ON workspace.id = server.workspace_id
WHERE outlet.id = %(outlet)s
