-- All that became of all payments, in its order.
SELECT payment_id, version, event, before, after, at, who FROM payment_change ORDER BY payment_id, version
