-- Deposits whose reversals of the same day have given back all: there is nothing to credit.  $1 run id, $2 business date
SELECT d.key FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
JOIN deposit d ON d.key = j.key
WHERE p.run_id = $1 AND p.journal_date = $2::date AND p.place = 'reversed' AND j.kind = 'deposit' AND d.state <> 'reversed'
ORDER BY d.key
