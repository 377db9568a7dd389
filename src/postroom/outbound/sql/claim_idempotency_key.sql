-- Take a key for one request. By hand: insert, renewal of an expired key and the lock on a taken one are one statement,
-- so that of two requests at once one waits here for the other. No row comes back when the key is taken.
INSERT INTO outbound_idempotencykey AS known (workspace_id, key, request_hash, answer)
VALUES (%(workspace)s, %(key)s, %(request_hash)s, '')
ON CONFLICT (workspace_id, key) DO UPDATE
SET request_hash = excluded.request_hash, answer = '', created_at = now()
WHERE known.created_at <= now() - %(lifetime)s::interval
RETURNING known.id
