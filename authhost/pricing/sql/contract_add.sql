-- A contract's next version.
INSERT INTO price_contract (account_id, contract, version, currency, valid_from, valid_until, lines, reason, who)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9)
