-- A piece that is suspected to be counterfeit.
INSERT INTO counterfeit (case_id, deposit_key, account_id, currency, value_minor, serial, category, seen_at, due_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
