-- What tonight moved with customers who have a posting logic, a line a side that is theirs.
-- $1 run id, $2 business date, $3 stream, $4 accounts, $5 hour of each ('' none), $6 time zone of each
WITH customer AS (
    SELECT * FROM unnest($4::bigint[], $5::text[], $6::text[]) AS c (account_id, hour, time_zone)
),
moved AS (
    SELECT j.key || '#' || j.leg AS transaction, 1 AS line, f.debit, f.credit, p.debit_account_id, p.credit_account_id, p.amount_minor,
           p.currency, j.kind IN ('reversal', 'return') AS is_back, j.decided_at, coalesce(nullif(j.terminal_id, ''), j.site_id) AS place,
           coalesce(j.detail ->> 'reference', j.detail ->> 'receipt', j.detail ->> 'purpose', '') AS note
    FROM placement p
    JOIN posting_rule f USING (family)
    JOIN journal j ON j.business_date = $2::date AND j.stream = $3 AND j.id = p.journal_id
    WHERE p.stream = $3 AND p.journal_date = $2::date AND p.amount_minor <> 0
      AND (p.debit_account_id = ANY ($4) OR p.credit_account_id = ANY ($4))
    UNION ALL
    SELECT t.transaction, t.line, t.debit, t.credit, t.debit_account_id, t.credit_account_id, t.amount_minor, t.currency, false, NULL, '',
           coalesce(c.remittance, '')
    FROM ledger_transfer t
    LEFT JOIN clearing_credit c ON c.run_id = t.run_id AND c.end_to_end_id = t.transaction
    WHERE t.run_id = $1 AND (t.debit_account_id = ANY ($4) OR t.credit_account_id = ANY ($4))
),
side AS (
    SELECT m.*, m.line AS number, m.debit AS code, m.debit_account_id AS account_id, -m.amount_minor AS minor FROM moved m
    UNION ALL
    SELECT m.*, m.line + 1, m.credit, m.credit_account_id, m.amount_minor FROM moved m
)
INSERT INTO booking_line (run_id, transaction, line, stream, account_id, currency, code, kind, amount_minor, booked_on, due_on, place,
                          reference, note)
SELECT $1, s.transaction, s.number, $3, s.account_id, s.currency, s.code,
       coalesce(CASE WHEN s.is_back THEN k.back ELSE k.kind END, 'OTHER'), s.minor, $2::date,
       CASE WHEN c.hour = '' OR (s.decided_at AT TIME ZONE c.time_zone) <= $2::date + c.hour::time THEN $2::date ELSE $2::date + 1 END,
       coalesce(s.place, ''), regexp_replace(s.transaction, '#[0-9]+$', ''), left(s.note, 140)
FROM side s
JOIN customer c USING (account_id)
LEFT JOIN booking_kind k ON k.debit = s.debit AND k.credit = s.credit
-- The accounts of the chart on which a party stands; what else names it is the operator's own.
WHERE s.code IN ('1100', '1500', '2100', '2200', '2400', '2410', '2450')
