-- A fault of the server: nobody drains its lane for a while, twice as long with each fault in a row, at most an hour.
UPDATE outbound_lane
SET faults = faults + 1,
    fault = %(fault)s,
    closed_version = %(version)s,
    closed_until = now() + LEAST(interval '1 hour', %(first)s * interval '1 second' * 2 ^ LEAST(faults, 12)),
    drained_until = now()
WHERE id = %(lane)s
RETURNING extract(epoch FROM closed_until - now())
