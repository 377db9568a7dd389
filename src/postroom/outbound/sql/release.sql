-- Give back what a worker claimed in lanes, when its carriers are gone: it stops, or the server has a fault. What was
-- not begun waits as before and the try does not count; what was begun and has no result may have arrived.
-- Yields what did not leave.
WITH given_back AS (
    UPDATE outbound_delivery
    SET status = CASE WHEN talking_since IS NOT NULL THEN 'unknown'
                      WHEN %(reason)s <> '' OR attempts > 1 THEN 'deferred'
                      ELSE 'queued' END,
        attempts = CASE WHEN talking_since IS NULL THEN attempts - 1 ELSE attempts END,
        claimed_by = CASE WHEN talking_since IS NULL THEN NULL ELSE claimed_by END,
        reason = CASE WHEN talking_since IS NOT NULL
                           THEN 'The worker stopped while it was talking to the server: the message may have arrived.'
                      WHEN %(reason)s <> '' THEN %(reason)s
                      ELSE reason END
    WHERE claimed_by = %(worker)s AND lane_id = ANY(%(lanes)s) AND status = 'active'
    RETURNING id, status
), noted AS (
    INSERT INTO outbound_attempt (delivery_id, server_name, outcome, cause, reply_text, dialog)
    SELECT id, '', 'unknown', 'worker_stopped', '', '' FROM given_back WHERE status = 'unknown'
)
SELECT id FROM given_back WHERE status <> 'unknown'
