-- Store messages and queue each for its recipients. By hand: as one statement it is one round trip, and all or nothing
-- without a transaction around it; row by row a thousand messages would take ten times as long.
WITH route AS MATERIALIZED (
    -- Apart from the entries: in a thousand messages of one author it is the same, and the longest.
    SELECT *
    FROM jsonb_to_recordset(%(routes)s::jsonb) AS r (
        route integer, header_from text, from_rewritten boolean, return_path text, reply_to text, trace jsonb,
        routed_version bigint
    )
), valid_key AS MATERIALIZED (
    -- What came with a key is stored only if that is valid and the settings are those of the version it was found with.
    -- (Not of the version routed by: in a batch a company that is new may be read already with the next version.)
    SELECT key.id, workspace.routing_version
    FROM workspaces_apikey AS key
    JOIN workspaces_workspace AS workspace ON workspace.id = key.workspace_id
    WHERE key.id = ANY(%(keys)s::bigint[]) AND key.revoked_at IS NULL
), entry AS MATERIALIZED (
    SELECT *
    FROM jsonb_to_recordset(%(entries)s::jsonb) AS e (
        id uuid, workspace_id bigint, company_id bigint, key_id bigint, key_version bigint, stream text, source text,
        author_from text, subject text, message_id text, forced_server_id bigint, server_id bigint, size_bytes integer,
        tags text[], is_automatic boolean, scheduled_at timestamptz, lane_id bigint, flow bigint, priority smallint, recipients text[], route integer
    )
    JOIN route USING (route)
    WHERE key_id IS NULL OR (key_id, key_version) IN (SELECT id, routing_version FROM valid_key)
), timed AS (
    SELECT entry.*,
           GREATEST(COALESCE(scheduled_at, now()),
                    CASE WHEN NOT is_automatic THEN now() + make_interval(secs => workspace.grace_seconds) END) AS start,
           make_interval(hours => CASE stream WHEN 'mass' THEN workspace.mass_lifetime_hours
                                              ELSE workspace.lifetime_hours END) AS lifetime
    FROM entry
    JOIN workspaces_workspace AS workspace ON workspace.id = entry.workspace_id
), message AS (
    INSERT INTO outbound_message (
        id, workspace_id, company_id, stream, source, author_from, subject, message_id, forced_server_id, server_id,
        header_from, from_rewritten, return_path, reply_to, trace, routed_version, size_bytes, tags, is_automatic, scheduled_at
    )
    SELECT id, workspace_id, company_id, stream, source, author_from, subject, message_id, forced_server_id, server_id,
           header_from, from_rewritten, return_path, reply_to, trace, routed_version, size_bytes, tags, is_automatic, scheduled_at
    FROM entry
), content AS (
    INSERT INTO outbound_messagecontent (message_id, head, body, body_hash)
    SELECT *
    FROM unnest(%(ids)b::uuid[], %(heads)b::bytea[], %(bodies)b::bytea[], %(body_hashes)b::bytea[]) AS content (id)
    WHERE id IN (SELECT id FROM entry)
), delivery AS (
    INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, flow, recipient, status, priority, attempts, due_at,
                                   submitted_at, expires_at, reply_text, reason, finished_at)
    SELECT timed.id, timed.workspace_id, lane_id, flow, recipient,
           -- Told to the author where there is one who waits for an answer; a campaign leaves it out.
           CASE WHEN suppression.id IS NULL THEN 'queued' WHEN stream = 'mass' THEN 'canceled' ELSE 'bounced' END,
           priority, 0, start, start, start + lifetime, '',
           COALESCE('The address is suppressed: ' || suppression.reason, ''),
           CASE WHEN suppression.id IS NOT NULL THEN now() END
    FROM timed
    CROSS JOIN unnest(recipients) AS recipient
    LEFT JOIN outbound_suppression AS suppression
           ON suppression.workspace_id = timed.workspace_id
          AND suppression.address = lower(recipient COLLATE "C")
          AND (suppression.scope = 'all' OR stream = 'mass')
          AND (suppression.expires_at IS NULL OR suppression.expires_at > now())
    RETURNING message_id, due_at, status
), announced AS (
    SELECT count(pg_notify('postroom_lane', outlet_id || '/' || id)) AS lanes
    FROM outbound_lane
    WHERE %(announces)s AND id IN (SELECT lane_id FROM entry)
)
SELECT message_id, min(due_at) FILTER (WHERE status = 'queued'), array_agg(DISTINCT status)
FROM delivery, announced
WHERE lanes IS NOT NULL  -- otherwise nobody asks for it, and nobody is woken
GROUP BY message_id
