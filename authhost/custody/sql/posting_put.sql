-- What is to be booked, once. It is posted after this transaction, and again until its row is known to be there.
INSERT INTO custody_posting (kind, account_id, amount_minor, currency, case_id, stay_id, deposit_key, detail, who, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10)
