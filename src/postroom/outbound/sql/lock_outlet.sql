-- Make the decisions of workers about an outlet follow one another: every reader of its shares or its ledger locks it
-- first, for one short transaction. The locks are taken in the order of ids. By hand: FOR UPDATE over what two conditions
-- choose, and the default server's row stands for every server that spends the platform's quota.
SELECT outlet.id
FROM outbound_outlet AS outlet
WHERE outlet.id = %(outlet)s OR (%(is_platform)s AND outlet.server_id IS NULL)
ORDER BY outlet.id
FOR UPDATE
