-- One worker at a time handles the copies of one mail. By hand: the ORM knows no advisory locks.
SELECT pg_advisory_xact_lock(%(key)s)
