-- Deposits whose reversals of the same day have given back all: there is nothing to credit.  $1 run id, $2 business date
SELECT d.key FROM placement p
JOIN journal j ON j.business_date = $2::date AND j.stream = 'cash' AND j.id = p.journal_id
JOIN deposit d ON d.key = j.key
WHERE p.stream = 'cash' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
  AND p.place = 'reversed' AND j.kind = 'deposit' AND d.state <> 'reversed'
ORDER BY d.key
