-- Enter deliveries in the ledger of an outlet, or with sign -1 give back those that did not leave. By hand: an upsert of a
-- count by workspace.
INSERT INTO outbound_usage AS usage (outlet_id, workspace_id, at, messages)
SELECT %(outlet)s, workspace_id, date_trunc('second', now()), %(sign)s * count(*)
FROM outbound_delivery
WHERE id = ANY(%(deliveries)s)
GROUP BY workspace_id
ON CONFLICT (outlet_id, workspace_id, at) DO UPDATE SET messages = usage.messages + excluded.messages
