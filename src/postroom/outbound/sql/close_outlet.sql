-- A fault of the server: nobody sends through it for a while, twice as long with each fault in a row, at most an hour.
-- Several workers may meet the same fault at once: only the first of them counts.
UPDATE outbound_outlet
SET faults = faults + 1,
    fault = %(fault)s,
    closed_version = %(version)s,
    closed_until = now() + GREATEST(
        make_interval(secs => %(least)s),
        LEAST(interval '1 hour', %(first)s * interval '1 second' * 2 ^ LEAST(faults, 12))
    )
WHERE id = %(outlet)s AND (closed_until IS NULL OR closed_until <= now() OR closed_version IS DISTINCT FROM %(version)s)
RETURNING extract(epoch FROM closed_until - now())
