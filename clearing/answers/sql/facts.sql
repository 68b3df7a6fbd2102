-- What is known of orders.  $1 end-to-end ids
SELECT end_to_end_id, array_agg(fact) AS facts FROM bank_fact WHERE end_to_end_id = ANY ($1::text[]) GROUP BY end_to_end_id
