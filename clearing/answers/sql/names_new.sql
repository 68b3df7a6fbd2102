-- What a bank says of payees' names, as they stand in the orders; nothing where that was its newest word already.
-- $1 run id, $2 the bank's number, then arrays: $3 end-to-end ids, $4 outcomes, $5 names that the banks have
INSERT INTO payee_verification (iban, name, outcome, bank_name, source)
SELECT DISTINCT ON (p.iban, p.name) p.iban, p.name, n.outcome, n.bank_name, 'pain.002 ' || $2
FROM unnest($3::text[], $4::text[], $5::text[]) n (end_to_end_id, outcome, bank_name)
JOIN clearing_credit c ON c.run_id = $1 AND c.end_to_end_id = n.end_to_end_id AND c.held = ''
CROSS JOIN LATERAL (SELECT upper(replace(content ->> 'iban', ' ', '')) AS iban, content ->> 'name' AS name FROM clearing_party
                    WHERE run_id = $1 AND kind = 'account' AND party_id = c.account_id::text) p
LEFT JOIN LATERAL (SELECT v.outcome, v.bank_name FROM payee_verification v WHERE v.iban = p.iban AND v.name = p.name
                   ORDER BY v.verification_id DESC LIMIT 1) newest ON true
WHERE (n.outcome, n.bank_name) IS DISTINCT FROM (newest.outcome, newest.bank_name)
ORDER BY p.iban, p.name, n.end_to_end_id
