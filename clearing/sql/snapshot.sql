-- Keep the master data of the accounts that the day's rows book, as it is now: a repeat reads this, not the tables.
-- $1 run id, $2 business date, $3 stream
WITH booked AS (
    SELECT DISTINCT p.debit_account_id, p.credit_account_id FROM placement p
    WHERE p.stream = $3 AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
)
INSERT INTO clearing_party (run_id, kind, party_id, content)
SELECT $1, 'account', a.account_id::text, a.content FROM account_party a
WHERE a.account_id IN (SELECT debit_account_id FROM booked UNION SELECT credit_account_id FROM booked)
