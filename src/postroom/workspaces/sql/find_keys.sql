-- The valid API keys among some, with their workspaces. By hand: every request and every mail asks, and the ORM takes longer
-- to write this than PostgreSQL to answer it. When a key was used last is noted along the way, every ten minutes at most;
-- a row that another request notes at this moment is left to it.
WITH used AS (
    UPDATE workspaces_apikey SET last_used_at = now()
    WHERE id IN (
        SELECT id FROM workspaces_apikey
        WHERE digest = ANY(%(digests)s) AND revoked_at IS NULL
            AND (last_used_at IS NULL OR last_used_at < now() - interval '10 minutes')
        FOR UPDATE SKIP LOCKED
    )
)
SELECT key.digest, key.id, workspace.id, workspace.slug, workspace.name, workspace.routing_policy,
       workspace.signs_return_path, workspace.drops_repeats, workspace.routing_version
FROM workspaces_apikey AS key
JOIN workspaces_workspace AS workspace ON workspace.id = key.workspace_id
WHERE key.digest = ANY(%(digests)s) AND key.revoked_at IS NULL
