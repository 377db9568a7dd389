-- Add to the tallies the attempts that came since they were counted last, up to the first that is so young that one with a
-- lower number may not be committed yet. The row without an outcome holds the number they are counted up to; who counts has
-- locked it. By hand: count, bound and upsert in one statement over a range of the primary key.
WITH young AS (
    SELECT min(id) AS first
    FROM outbound_attempt
    WHERE id > %(counted_to)s AND at > now() - %(settled_after)s::interval
), settled AS (
    SELECT attempt.id, attempt.outcome
    FROM outbound_attempt AS attempt, young
    WHERE attempt.id > %(counted_to)s AND (young.first IS NULL OR attempt.id < young.first)
), counted AS (
    SELECT outcome, count(*) AS attempts FROM settled GROUP BY outcome
    UNION ALL
    SELECT '', max(id) - %(counted_to)s FROM settled HAVING max(id) IS NOT NULL
)
INSERT INTO outbound_tally AS known (outcome, attempts)
SELECT outcome, attempts FROM counted
ON CONFLICT (outcome) DO UPDATE SET attempts = known.attempts + excluded.attempts
