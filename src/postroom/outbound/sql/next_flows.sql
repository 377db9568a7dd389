-- The next flows of a lane that have mail waiting, in a circle after the one served last. By hand: one index probe a flow
-- (a loose index scan), however many rows each has.
WITH RECURSIVE turn (flow, workspace_id, rank) AS (
    (
        SELECT flow, workspace_id, 1
        FROM outbound_delivery
        WHERE lane_id = %(lane)s AND status IN ('queued', 'deferred') AND flow > %(after)s
        ORDER BY flow
        LIMIT 1
    )
    UNION ALL
    SELECT next.flow, next.workspace_id, turn.rank + 1
    FROM turn
    CROSS JOIN LATERAL (
        SELECT flow, workspace_id
        FROM outbound_delivery
        WHERE lane_id = %(lane)s AND status IN ('queued', 'deferred') AND flow > turn.flow
        ORDER BY flow
        LIMIT 1
    ) AS next
    WHERE turn.rank < %(limit)s
)
SELECT turn.flow, turn.workspace_id, workspace.suspended_at IS NOT NULL
FROM turn
JOIN workspaces_workspace AS workspace ON workspace.id = turn.workspace_id
ORDER BY turn.flow
