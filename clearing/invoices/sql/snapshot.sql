-- Keep the master data of all whose lines wait, as it is now.  $1 run id
WITH waiting AS (SELECT DISTINCT account_id FROM fuel_line_open)
INSERT INTO clearing_party (run_id, kind, party_id, content)
SELECT $1, 'account', a.account_id::text, a.content FROM account_party a JOIN waiting USING (account_id)
UNION ALL
SELECT $1, 'tax', t.account_id::text,
       to_jsonb(t) || jsonb_build_object('mandate_id', m.mandate_id, 'mandate_iban', m.iban)
FROM account_tax t JOIN waiting USING (account_id) LEFT JOIN mandate m ON m.account_id = t.account_id AND m.status = 'active'
ON CONFLICT DO NOTHING
