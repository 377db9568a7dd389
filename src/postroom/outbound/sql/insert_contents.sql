-- Store the bytes of a batch of messages, beside insert_messages.sql.
INSERT INTO outbound_messagecontent (message_id, head, body, body_hash)
SELECT * FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[], %s::bytea[])
