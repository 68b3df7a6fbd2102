-- Which of these orders a statement has.  $1 end-to-end ids
SELECT end_to_end_id FROM credit_seen WHERE end_to_end_id = ANY ($1::text[])
