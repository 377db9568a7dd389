-- Give back what a worker claimed in a lane and did not begin: it stops, or the server has a fault. The try does not
-- count. Already deferred ones keep what is known of them.
UPDATE outbound_delivery
SET status = CASE WHEN attempts > 1 THEN 'deferred' ELSE %(status)s END,
    claimed_by = NULL,
    attempts = attempts - 1,
    reason = CASE WHEN %(reason)s = '' THEN reason ELSE %(reason)s END,
    due_at = GREATEST(due_at, now() + make_interval(secs => %(delay)s))
WHERE claimed_by = %(worker)s AND lane_id = %(lane)s AND status = 'active' AND talking_since IS NULL
