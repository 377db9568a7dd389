-- How claimed messages are routed, whether by the settings of today, and how large they are.
SELECT message.id, message.workspace_id, message.server_id, message.header_from, message.from_rewritten, message.return_path,
       message.reply_to, message.routed_version, message.size_bytes, message.stream,
       workspace.routing_version, workspace.signs_return_path
FROM outbound_message AS message
JOIN workspaces_workspace AS workspace ON workspace.id = message.workspace_id
WHERE message.id = ANY(%(ids)s)
