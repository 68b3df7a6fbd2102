-- Which deposit is in which credit of a night's files.
SELECT i.key, i.end_to_end_id, c.amount_minor, c.held
FROM clearing_item i JOIN clearing_credit c USING (run_id, end_to_end_id)
WHERE i.source = 'deposit' AND i.settled AND c.purpose = 'deposit_credit'
