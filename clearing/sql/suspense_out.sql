-- What comes out of suspense: each capture of which it was decided, with what has given it back until now; and what the run's day gives back
-- of what came out before, which follows it.  $1 run id, $2 business date, $3 stream
WITH decided AS MATERIALIZED (
    SELECT d.exception_id, d.decision, d.target_account_id, r.business_date AS journal_date, e.journal_id
    FROM exception_decision d
    JOIN clearing_exception e USING (exception_id)
    JOIN clearing_run r ON r.run_id = e.run_id
    WHERE d.stream = $3 AND d.subject_kind = 'suspense' AND d.done_by = ''
    FOR UPDATE OF d
),
parted AS (
    SELECT d.*, p.debit_account_id, p.credit_account_id, p.amount_minor, p.currency
    FROM decided d JOIN placement_fuel p USING (journal_date, journal_id)
    WHERE p.family = 'fuel_unidentified'
    UNION ALL
    SELECT d.exception_id, d.decision, d.target_account_id, p.journal_date, p.journal_id, p.debit_account_id, p.credit_account_id,
           p.amount_minor, p.currency
    FROM decided d JOIN placement_fuel p ON p.original_date = d.journal_date AND p.original_id = d.journal_id
    WHERE p.family = 'fuel_unidentified'
),
due AS (
    SELECT exception_id, journal_date, journal_id, amount_minor, currency, debit_account_id AS held_id,
           CASE decision WHEN 'charge_back' THEN 'suspense_charged_back' WHEN 'write_off' THEN 'suspense_lost' ELSE 'suspense_accepted' END AS family,
           CASE decision WHEN 'match' THEN target_account_id WHEN 'accept' THEN debit_account_id WHEN 'charge_back' THEN credit_account_id
           END AS account_id
    FROM parted
    UNION ALL
    SELECT s.exception_id, p.journal_date, p.journal_id, p.amount_minor, p.currency, p.debit_account_id, s.family, s.account_id
    FROM placement_fuel p JOIN suspense_release s ON (s.journal_date, s.journal_id) = (p.original_date, p.original_id)
    WHERE p.journal_date = $2::date AND p.family = 'fuel_unidentified' AND p.original_id IS NOT NULL
),
released AS (
    INSERT INTO suspense_release (journal_date, journal_id, run_id, exception_id, family, account_id, amount_minor, currency)
    SELECT journal_date, journal_id, $1, exception_id, family, account_id, amount_minor, currency FROM due
),
booked AS (
    INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
    SELECT $1, j.key || '#' || j.leg || '/released', 1, f.debit, f.credit, d.account_id, d.held_id, d.amount_minor, d.currency
    FROM due d
    JOIN posting_rule f USING (family)
    JOIN journal j ON j.stream = 'fuel' AND j.business_date = d.journal_date AND j.id = d.journal_id
    WHERE d.amount_minor <> 0
)
SELECT exception_id FROM decided ORDER BY exception_id
