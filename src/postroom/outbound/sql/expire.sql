-- Mail that waited for a server until its time was over. What is tried expires by its own last try; a server
-- that a fault keeps closed is tried with a few, and the rest would wait for ever. Mail that only waits for its turn or for a limit is
-- no failure and does not expire. By hand: the state of the server decides, in one statement with a limit.
WITH late AS (
    SELECT delivery.id, outlet.fault
    FROM outbound_outlet AS outlet
    JOIN outbound_lane AS lane ON lane.outlet_id = outlet.id
    JOIN outbound_delivery AS delivery ON delivery.lane_id = lane.id
    WHERE outlet.faults > 0
      AND delivery.status IN ('queued', 'deferred')
      -- Nothing is put off beyond its time: with the index, only what is due is looked at.
      AND delivery.due_at <= now() AND delivery.expires_at <= now()
    LIMIT %(limit)s
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE outbound_delivery AS delivery
SET status = 'expired', finished_at = now(), reason = late.fault
FROM late
WHERE delivery.id = late.id
