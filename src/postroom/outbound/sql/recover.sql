-- Take over what dead workers held: what never reached the dialog is queued again, the rest may have arrived.
-- By hand: one statement decides for all rows, so that two workers doing it at once cannot disagree.
WITH dead AS (
    SELECT id FROM outbound_worker WHERE beat_at < now() - make_interval(secs => %(silence)s)
), held AS (
    SELECT delivery.id, delivery.talking_since, worker.name
    FROM outbound_delivery AS delivery
    LEFT JOIN outbound_worker AS worker ON worker.id = delivery.claimed_by
    WHERE delivery.status = 'active'
      AND (delivery.claimed_by IN (SELECT id FROM dead) OR worker.id IS NULL)
    FOR UPDATE OF delivery SKIP LOCKED
), changed AS (
    UPDATE outbound_delivery AS delivery
    SET status = CASE WHEN held.talking_since IS NULL THEN 'queued' ELSE 'unknown' END,
        attempts = CASE WHEN held.talking_since IS NULL THEN attempts - 1 ELSE attempts END,
        claimed_by = CASE WHEN held.talking_since IS NULL THEN NULL ELSE claimed_by END,
        reason = CASE WHEN held.talking_since IS NULL THEN reason
                      ELSE 'The worker stopped while it was talking to the server: the message may have arrived.' END
    FROM held
    WHERE delivery.id = held.id
    RETURNING delivery.id, delivery.lane_id, delivery.status
), noted AS (
    INSERT INTO outbound_attempt (delivery_id, server_name, outcome, cause, reply_text, dialog)
    SELECT id, '', 'unknown', 'worker_lost', '', '' FROM changed WHERE status = 'unknown'
), forgotten AS (
    DELETE FROM outbound_worker WHERE beat_at < now() - interval '1 day'
)
SELECT COALESCE(sum(deliveries), 0)
FROM (
    -- Who drains the lane already may be waiting for mail.
    SELECT count(*) AS deliveries, pg_notify('postroom_lane', lane.outlet_id || '/' || lane.id)
    FROM changed
    JOIN outbound_lane AS lane ON lane.id = changed.lane_id
    GROUP BY lane.id
) AS told
