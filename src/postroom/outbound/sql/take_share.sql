-- Take or renew a worker's part of a server's connections: an equal part among the workers, as far as others have let go
-- of theirs. What is still in use stays counted until the next renewal. No row: there is no place, or somebody is at it
-- already and help is not asked for. By hand: it reads and writes in one step, under the lock of lock_outlet.sql.
WITH others AS (
    SELECT count(*) AS workers, COALESCE(sum(connections), 0) AS held
    FROM outbound_share
    WHERE outlet_id = %(outlet)s AND worker <> %(worker)s AND until > now()
), part AS (
    SELECT GREATEST(0, LEAST(ceil(%(most)s::numeric / (workers + 1)), %(most)s - held))::integer AS connections
    FROM others
    WHERE workers < %(most)s AND (workers = 0 OR %(helps)s)
), gone AS (
    DELETE FROM outbound_share WHERE outlet_id = %(outlet)s AND worker <> %(worker)s AND until <= now()
), taken AS (
    INSERT INTO outbound_share (outlet_id, worker, connections, until)
    SELECT %(outlet)s, %(worker)s, GREATEST(connections, %(in_use)s), now() + make_interval(secs => %(seconds)s)
    FROM part
    ON CONFLICT (outlet_id, worker) DO UPDATE SET connections = excluded.connections, until = excluded.until
)
SELECT connections FROM part
