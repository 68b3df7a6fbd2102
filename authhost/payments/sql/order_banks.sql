-- Banks that payers' debits go to, and those that have some that are not decided yet.
SELECT bank_id, status, endpoint, server_name, rails::text AS rails, answer_s FROM bank
WHERE endpoint <> '' OR EXISTS (SELECT FROM bank_order o WHERE o.bank_id = bank.bank_id AND o.state IN ('queued', 'sent', 'unknown'))
ORDER BY bank_id
