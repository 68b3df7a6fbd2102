-- Banks that have, or may have, something to do.
SELECT bank_id, status, endpoint, server_name, rails::text AS rails, answer_s FROM bank
WHERE endpoint <> '' OR EXISTS (SELECT FROM deposit d WHERE d.bank_id = bank.bank_id AND d.credit IN ('queued', 'sent', 'unknown'))
ORDER BY bank_id
