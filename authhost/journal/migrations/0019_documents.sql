-- What was booked on a client's account 2200, line by line, positive the client's: the part of ledger_entry that statements are made of,
-- read by account. journal_id is null where a night has booked it besides the rows of the journal; then transaction names it.
CREATE VIEW client_entry AS
SELECT p.credit_account_id AS account_id, p.currency, r.run_id, p.journal_date AS business_date, NULL::text AS transaction,
       side.line, p.amount_minor * side.sign AS amount_minor, p.journal_date, p.journal_id
FROM placement_cash p
JOIN clearing_run r ON r.run_no = p.run_no AND r.business_date = p.journal_date
JOIN posting_rule f USING (family)
JOIN LATERAL (VALUES (1::smallint, -1, f.debit), (2::smallint, 1, f.credit)) AS side (line, sign, code) ON side.code = '2200'
WHERE p.amount_minor <> 0
UNION ALL
SELECT t.debit_account_id, t.currency, t.run_id, r.business_date, t.transaction, t.line, -t.amount_minor, NULL, NULL
FROM ledger_transfer t JOIN clearing_run r USING (run_id) WHERE t.debit = '2200'
UNION ALL
SELECT t.credit_account_id, t.currency, t.run_id, r.business_date, t.transaction, (t.line + 1)::smallint, t.amount_minor, NULL, NULL
FROM ledger_transfer t JOIN clearing_run r USING (run_id) WHERE t.credit = '2200';
