-- All payments, as they came.
SELECT * FROM payment ORDER BY received_us, end_to_end_id
