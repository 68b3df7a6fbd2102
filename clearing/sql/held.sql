-- What is booked but goes into no file, and why, where a person should look: credits held back, withheld deposits, sales without a fleet.
-- $1 run id, $2 business date
SELECT purpose AS kind, account_id, end_to_end_id AS reference, amount_minor, currency, held AS reason
FROM clearing_credit WHERE run_id = $1 AND held NOT IN ('', 'nothing_due', 'not_due', 'below_least', 'sandbox')
UNION ALL
SELECT 'collection', account_id, invoice, amount_minor, currency, held FROM clearing_debit WHERE run_id = $1 AND held NOT IN ('', 'netted')
UNION ALL
SELECT CASE p.family WHEN 'deposit_withheld' THEN 'withheld_deposit' ELSE 'unidentified_sale' END,
       j.account_id, j.key, j.posted_minor, j.currency,
       CASE WHEN j.kind = 'reversal' THEN CASE WHEN j.posted_minor > 0 THEN 'taken_again' ELSE 'given_back' END
            WHEN p.family = 'deposit_withheld'
                THEN coalesce(substring(j.flags FROM '(?:^|,)withheld:([^,]*)'), 'not_a_safe_client')
            WHEN a.kind = 'fleet' THEN coalesce(nullif(p.match, ''), 'given_back')
            ELSE 'not_a_fleet' END
FROM placement p JOIN clearing_run r USING (run_no) JOIN journal j ON j.business_date = $2::date AND j.stream = p.stream AND j.id = p.journal_id
LEFT JOIN account a ON a.account_id = j.account_id
WHERE r.run_id = $1 AND p.stream = r.stream AND p.journal_date = $2::date AND p.place = 'cleared' AND j.posted_minor <> 0
  AND p.family IN ('deposit_withheld', 'fuel_unidentified')
ORDER BY 1, 3
