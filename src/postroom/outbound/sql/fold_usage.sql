-- Make one row of those of a minute or a day once the details no longer matter. The sum stands at the end of its span:
-- a limit is never taken for less used than it is. By hand: delete and insert in one statement.
WITH old AS (
    DELETE FROM outbound_usage
    WHERE at < date_trunc(%(unit)s, now() - make_interval(secs => %(seconds)s), 'UTC')
      AND at <> date_trunc(%(unit)s, at, 'UTC') + (('1 ' || %(unit)s)::interval - interval '1 second')
    RETURNING outlet_id, workspace_id, at, messages
)
INSERT INTO outbound_usage AS usage (outlet_id, workspace_id, at, messages)
SELECT outlet_id, workspace_id, date_trunc(%(unit)s, at, 'UTC') + (('1 ' || %(unit)s)::interval - interval '1 second') AS ends, sum(messages)
FROM old
GROUP BY outlet_id, workspace_id, ends
ON CONFLICT (outlet_id, workspace_id, at) DO UPDATE SET messages = usage.messages + excluded.messages
