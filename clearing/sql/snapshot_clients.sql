-- The master data of those whose credits, fees and costs are decided tonight for other days' rows, with all banks and couriers.
-- $1 run id
INSERT INTO clearing_party (run_id, kind, party_id, content)
SELECT $1, 'account', a.account_id::text, a.content FROM account_party a
WHERE a.account_id IN (SELECT account_id FROM deposit WHERE credit = 'night' AND run_id IS NULL
                       UNION SELECT account_id FROM deposit WHERE credit = 'accepted' AND run_id IS NULL
                       UNION SELECT account_id FROM due_item WHERE run_id IS NULL
                       UNION SELECT account_id FROM counterfeit_told WHERE run_id = $1
                       UNION SELECT account_id FROM fee_line WHERE statement IS NULL
                       UNION SELECT account_id FROM booking_open
                       UNION SELECT account_id FROM safe_fee)
UNION ALL
SELECT $1, 'bank', bank_id, jsonb_build_object('name', name, 'bic', bic, 'status', status, 'rails', rails, 'files', files) FROM bank
UNION ALL
SELECT $1, 'courier', courier_id, jsonb_build_object('name', name, 'address', address) FROM courier
ON CONFLICT DO NOTHING
