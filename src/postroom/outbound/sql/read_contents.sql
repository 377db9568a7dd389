-- The bytes of messages. Apart from read_facts.sql, so that a claim of large messages does not fill the memory.
SELECT message_id, head, body, body_hash
FROM outbound_messagecontent
WHERE message_id = ANY(%(ids)s)
