-- Open an alert or count one more sign of its cause. By hand: the ORM has no ON CONFLICT on a part of a table, and two
-- who see the same fault at once must not open two.
INSERT INTO workspaces_alert AS alert (workspace_id, kind, subject, what_happened, what_to_do, count)
VALUES (%(workspace)s, %(kind)s, %(subject)s, %(what_happened)s, %(what_to_do)s, 1)
ON CONFLICT (workspace_id, kind, subject) WHERE resolved_at IS NULL DO UPDATE
SET what_happened = excluded.what_happened,
    what_to_do = excluded.what_to_do,
    count = alert.count + 1,
    last_seen_at = now()
