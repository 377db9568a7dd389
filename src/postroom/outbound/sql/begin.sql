-- Mark deliveries as being talked about, if the worker still owns them. In one statement for all its connections.
UPDATE outbound_delivery
SET talking_since = now()
WHERE id = ANY(%(ids)s) AND claimed_by = %(worker)s AND status = 'active'
RETURNING id
