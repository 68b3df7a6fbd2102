-- The proof that the places are complete: captured rows without one, and rows that book money where none may.
-- $1 run id, $2 business date, $3 stream
SELECT j.key, j.kind FROM journal j
WHERE j.business_date = $2::date AND j.stream = $3
  AND (j.posted_minor <> 0
       OR (j.approved AND j.kind IN ('sale', 'offline_sale', 'completion', 'deposit', 'payment', 'payment_receipt',
                                     'preauthorization', 'increment', 'deposit_authorization', 'adjustment', 'verification')))
  AND NOT EXISTS (SELECT FROM placement p JOIN clearing_run r USING (run_no)
                  WHERE r.run_id = $1 AND p.stream = $3 AND p.journal_date = $2::date AND p.journal_id = j.id
                    AND (p.family <> '' OR j.posted_minor = 0))
ORDER BY j.key
LIMIT 1
