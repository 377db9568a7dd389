-- What a worker needs to send claimed messages, bytes included.
SELECT message.id, message.workspace_id, message.header_from, message.from_rewritten, message.return_path,
       message.reply_to, message.routed_version, workspace.routing_version, workspace.signs_return_path,
       content.head, content.body, content.body_hash
FROM outbound_message AS message
JOIN outbound_messagecontent AS content ON content.message_id = message.id
JOIN workspaces_workspace AS workspace ON workspace.id = message.workspace_id
WHERE message.id = ANY(%(ids)s)
