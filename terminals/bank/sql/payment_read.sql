-- One payment.
SELECT * FROM payment WHERE end_to_end_id = :end_to_end_id
