-- Who takes part in a deposit of terminal $1 for account $2 by the depositor $3, as master data has them now.
SELECT t.terminal_id, m.name AS merchant, coalesce(p.name, '') AS site, coalesce(p.country, '') AS site_country, coalesce(s.model, '') AS model,
       coalesce(s.placement, '{}')::text AS placement, a.account_id, a.name AS client, a.iban, a.bic, coalesce(a.address, '{}')::text AS address,
       coalesce(b.name, '') AS bank, coalesce(d.name, '') AS depositor
FROM terminal t JOIN merchant m USING (merchant_id) LEFT JOIN site p ON p.site_id = t.site_id LEFT JOIN safe s USING (terminal_id)
LEFT JOIN account a ON a.account_id = $2 LEFT JOIN bank b USING (bank_id)
LEFT JOIN depositor d ON d.account_id = a.account_id AND d.code = $3
WHERE t.terminal_id = $1
