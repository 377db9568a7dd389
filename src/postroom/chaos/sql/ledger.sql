-- What PostgreSQL says of each delivery, with the times at which its outcome was listed as unknown. By hand: read from
-- outside, without Django.
SELECT message.message_id, delivery.recipient, message.stream, delivery.status,
       ARRAY(
           SELECT attempt.at
           FROM outbound_attempt AS attempt
           WHERE attempt.delivery_id = delivery.id AND attempt.outcome = 'unknown'
           ORDER BY attempt.at
       )
FROM outbound_delivery AS delivery
JOIN outbound_message AS message ON message.id = delivery.message_id
