-- The valid API keys among some, with their workspaces. By hand: every request and every mail asks, and the ORM takes longer
-- to write this than PostgreSQL to answer it.
SELECT key.digest, key.id, workspace.id, workspace.slug, workspace.name, workspace.routing_policy,
       workspace.signs_return_path, workspace.drops_repeats, workspace.routing_version
FROM workspaces_apikey AS key
JOIN workspaces_workspace AS workspace ON workspace.id = key.workspace_id
WHERE key.digest = ANY(%(digests)s) AND key.revoked_at IS NULL
