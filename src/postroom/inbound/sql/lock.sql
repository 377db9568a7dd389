-- One worker at a time decides about copies of a mail, or about answering one author. By hand: the ORM knows no advisory
-- locks, and there may be no row yet to lock.
SELECT pg_advisory_xact_lock(%(key)s)
