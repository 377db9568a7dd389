-- What workspaces have due while they are suspended waits, and says why. By hand: the reason is the workspace's.
WITH due AS (
    SELECT id
    FROM outbound_delivery
    WHERE lane_id = %(lane)s AND flow = ANY(%(flows)s) AND status IN ('queued', 'deferred') AND due_at <= now()
    FOR UPDATE SKIP LOCKED
)
UPDATE outbound_delivery AS delivery
SET status = 'deferred',
    due_at = now() + make_interval(secs => %(wait)s),
    reason = %(reason)s || ': ' || workspace.suspension
FROM due, workspaces_workspace AS workspace
WHERE delivery.id = due.id AND workspace.id = delivery.workspace_id
