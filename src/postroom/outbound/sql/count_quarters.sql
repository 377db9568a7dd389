-- Add the next attempts that were not counted yet to their quarters of an hour, up to the first that is so young that one
-- with a lower number may not be committed yet; returns the number they are counted up to, null where there are none. Who
-- counts has locked that number. By hand: bound, count and upsert in one statement over a range of the primary key.
WITH next AS (
    SELECT id, delivery_id, at, server_name, outcome
    FROM outbound_attempt
    WHERE id > %(counted_to)s
    ORDER BY id
    LIMIT %(at_once)s
), young AS (
    SELECT min(id) AS first FROM next WHERE at > now() - %(settled_after)s::interval
), settled AS (
    SELECT next.* FROM next, young WHERE young.first IS NULL OR next.id < young.first
), counted AS (
    INSERT INTO outbound_quarter AS known (workspace_id, at, server_name, stream, outcome, attempts)
    SELECT delivery.workspace_id, date_bin('15 minutes', settled.at, '2000-01-01T00:00Z'), settled.server_name, lane.stream,
           settled.outcome, count(*)
    FROM settled
    JOIN outbound_delivery AS delivery ON delivery.id = settled.delivery_id
    JOIN outbound_lane AS lane ON lane.id = delivery.lane_id
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (workspace_id, at, server_name, stream, outcome) DO UPDATE
    SET attempts = known.attempts + excluded.attempts
)
SELECT max(id) FROM settled
