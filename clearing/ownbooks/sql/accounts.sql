-- Parties as a paper needs them. tax: null where nobody has told it.  $1 accounts
SELECT a.account_id, p.content::text AS party, a.billing,
       CASE WHEN t.account_id IS NOT NULL
            THEN (to_jsonb(t) - 'account_id' || jsonb_build_object('mandate_id', m.mandate_id, 'mandate_iban', m.iban))::text END AS tax
FROM account a
JOIN account_party p USING (account_id)
LEFT JOIN account_tax t USING (account_id)
LEFT JOIN mandate m ON m.account_id = a.account_id AND m.status = 'active'
WHERE a.account_id = ANY ($1::bigint[])
