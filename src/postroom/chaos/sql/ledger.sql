-- What PostgreSQL says of each delivery, with the times at which its outcome was listed as unknown. Each try leaves one
-- attempt, and a late answer to one whose outcome was unknown another. By hand: read from outside, without Django.
SELECT message.message_id, delivery.recipient, message.stream, delivery.status,
       ARRAY(
           SELECT attempt.at
           FROM outbound_attempt AS attempt
           WHERE attempt.delivery_id = delivery.id AND attempt.outcome = 'unknown'
           ORDER BY attempt.at
       ),
       (SELECT count(*) FROM outbound_attempt AS attempt WHERE attempt.delivery_id = delivery.id) > delivery.attempts
FROM outbound_delivery AS delivery
JOIN outbound_message AS message ON message.id = delivery.message_id
