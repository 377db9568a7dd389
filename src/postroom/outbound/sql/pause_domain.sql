-- Leave a recipient domain alone: a minute, and twice as long each time it is still unwell after, an hour at most.
-- By hand: an upsert that reads what it replaces. A pause that runs already (another worker met the same) is not doubled.
INSERT INTO outbound_domainpause AS pause (outlet_id, domain, until, faults, reason)
VALUES (%(outlet)s, %(domain)s, now() + interval '1 minute', 1, %(reason)s)
ON CONFLICT (outlet_id, domain) DO UPDATE
SET faults = pause.faults + 1,
    until = now() + LEAST(interval '1 hour', interval '1 minute' * 2 ^ LEAST(pause.faults, 10)),
    reason = excluded.reason
WHERE pause.until <= now()
