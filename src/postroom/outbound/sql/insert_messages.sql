-- Store a batch of messages in one statement. By hand: the API takes 1,000 at once, one INSERT a row costs ten times more.
INSERT INTO outbound_message (
    id, workspace_id, company_id, stream, source, author_from, subject, message_id, forced_server_id, server_id,
    header_from, from_rewritten, return_path, reply_to, trace, routed_version, size_bytes, tags, scheduled_at
)
SELECT id, workspace_id, company_id, stream, source, author_from, subject, message_id, forced_server_id, server_id,
       header_from, from_rewritten, return_path, reply_to, trace, routed_version, size_bytes,
       ARRAY(SELECT jsonb_array_elements_text(tags)), scheduled_at
FROM jsonb_to_recordset(%s::jsonb) AS m (
    id uuid, workspace_id bigint, company_id bigint, stream text, source text, author_from text, subject text,
    message_id text, forced_server_id bigint, server_id bigint, header_from text, from_rewritten boolean,
    return_path text, reply_to text, trace jsonb, routed_version bigint, size_bytes integer, tags jsonb,
    scheduled_at timestamptz
)
