-- What was let go through an outlet within the last seconds that matter: how long ago, how many.
SELECT extract(epoch FROM now() - at)::double precision, sum(messages)::integer
FROM outbound_usage
WHERE outlet_id = %(outlet)s AND at > now() - make_interval(secs => %(seconds)s)
GROUP BY at
