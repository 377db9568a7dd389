-- One open alert for each server that a fault keeps closed, whatever mail waits for it; resolved once it works again or
-- is archived. By hand: read, opened, counted and resolved in one statement, which several workers may run at once.
WITH broken AS (
    SELECT server.workspace_id,
           COALESCE(server.id::text, 'default') AS subject,
           COALESCE(server.name, 'The default server') AS name,
           outlet.faults,
           outlet.fault,
           outlet.fallback
    FROM outbound_outlet AS outlet
    LEFT JOIN servers_outgoingserver AS server ON server.id = outlet.server_id
    LEFT JOIN servers_oauthaccount AS account ON account.id = server.oauth_account_id
    WHERE outlet.faults > 0 AND server.archived_at IS NULL
      -- The account has an alert of its own, however many servers use it.
      AND account.state IS DISTINCT FROM 'consent_revoked'
), resolved AS (
    UPDATE workspaces_alert AS alert
    SET resolved_at = now()
    WHERE alert.kind = 'server_fault' AND alert.resolved_at IS NULL
      AND NOT EXISTS (
          SELECT 1 FROM broken
          WHERE broken.subject = alert.subject AND broken.workspace_id IS NOT DISTINCT FROM alert.workspace_id
      )
)
INSERT INTO workspaces_alert AS alert (workspace_id, kind, subject, what_happened, what_to_do, count)
SELECT workspace_id, 'server_fault', subject, name || ': ' || fault, concat_ws(' ', %(what_to_do)s::text, NULLIF(fallback, '')), faults
FROM broken
ON CONFLICT (workspace_id, kind, subject) WHERE resolved_at IS NULL DO UPDATE
SET what_happened = excluded.what_happened, what_to_do = excluded.what_to_do, count = excluded.count, last_seen_at = now()
-- Unchanged when it is only looked at again.
WHERE (alert.what_happened, alert.what_to_do, alert.count)
      IS DISTINCT FROM (excluded.what_happened, excluded.what_to_do, excluded.count)
