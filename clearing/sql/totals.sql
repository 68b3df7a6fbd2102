-- What the ledger says that each kind of file must carry, by currency.  $1 run id, $2 business date, $3 stream
WITH placed AS (
    SELECT family, currency, count(*) AS count, sum(amount_minor) AS minor FROM placement
    WHERE stream = $3 AND journal_date = $2::date AND run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1) AND amount_minor <> 0
    GROUP BY 1, 2
),
-- By transaction once: nobody has counted a night's new rows, and the planner would go through all of them for each statement.
fees AS (
    SELECT transaction, sum(amount_minor) AS minor FROM ledger_transfer
    WHERE run_id = $1 AND credit IN ('4100', '4200', '2700') GROUP BY transaction
)
SELECT 'settlement' AS kind, currency, count::int, minor::bigint AS sum_minor FROM placed WHERE family = 'payment_receipt'
UNION ALL
-- Of each form, what the invoices ask for whose buyers get it: their lines, and their part of 1100 (clearing/invoices/sql/off.sql).
SELECT 'invoice_' || form.name, i.currency, sum(l.lines)::int, sum(i.gross_minor)::bigint
FROM invoice i
JOIN LATERAL (SELECT sum(l.until - l.first)::int AS lines FROM invoice_line l WHERE l.number = i.number) l ON true
LEFT JOIN clearing_party t ON t.run_id = i.run_id AND t.kind = 'tax' AND t.party_id = i.account_id::text
CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(t.content -> 'forms', '["ubl", "csv", "pdf"]')) AS form (name)
WHERE i.run_id = $1 AND i.kind IN ('fleet', 'credit_note', 'corrective') AND (form.name <> 'ksef' OR i.to_ksef)
GROUP BY 1, 2
UNION ALL
SELECT c.purpose, t.currency, count(*)::int, sum(t.amount_minor)::bigint
FROM ledger_transfer t JOIN clearing_credit c ON c.run_id = t.run_id AND c.end_to_end_id = t.transaction
WHERE t.run_id = $1 AND t.credit = '1300'
GROUP BY 1, 2
UNION ALL
SELECT 'safe_total', currency, sum(count)::int, sum(minor)::bigint
FROM placed WHERE family IN ('deposit', 'deposit_withheld', 'deposit_uncounted')
GROUP BY 1, 2
UNION ALL
SELECT 'fee', s.currency, count(*)::int, coalesce(sum(f.minor), 0)::bigint
FROM fee_statement s LEFT JOIN fees f ON f.transaction = s.number
WHERE s.run_id = $1
GROUP BY 1, 2
UNION ALL
SELECT 'booking', s.currency, sum(e.count)::int, sum(e.minor)::bigint
FROM booking_statement s
CROSS JOIN LATERAL (SELECT count(*) AS count, sum(amount_minor) AS minor FROM client_entry WHERE account_id = s.account_id
                    AND currency = s.currency AND business_date BETWEEN s.period_from AND s.period_to) e
WHERE s.run_id = $1
GROUP BY 1, 2
UNION ALL
SELECT 'courier_cost', t.currency, count(*)::int, sum(t.amount_minor)::bigint
FROM ledger_transfer t WHERE t.run_id = $1 AND t.debit = '5100'
GROUP BY 1, 2
UNION ALL
SELECT 'paper_' || form, d.currency, sum(d.count)::int, sum(d.gross_minor)::bigint
FROM own_document d CROSS JOIN LATERAL unnest(d.forms) AS form
WHERE d.run_id = $1 AND form IN ('ubl', 'cii', 'ksef', 'csv', 'pdf')
GROUP BY 1, 2
UNION ALL
SELECT CASE r.form WHEN 'csv' THEN 'booking_table' WHEN 'json' THEN 'booking_records' ELSE 'booking_datev' END, l.currency, count(*)::int,
       sum(l.amount_minor)::bigint
FROM booking_record r JOIN booking_line l USING (number)
WHERE r.run_id = $1
GROUP BY 1, 2
UNION ALL
SELECT 'collection', t.currency, count(*)::int, sum(t.amount_minor)::bigint
FROM ledger_transfer t JOIN clearing_debit d ON d.run_id = t.run_id AND d.end_to_end_id = t.transaction
WHERE t.run_id = $1 AND t.debit = '1300'
GROUP BY 1, 2
UNION ALL
-- Of banks that want an advice: each item of a credit that goes, and each suspected piece, which comes to nothing.
SELECT 'deposit_advice', told.currency, count(*)::int, sum(told.amount_minor)::bigint
FROM (SELECT c.currency, i.amount_minor FROM clearing_credit c
      JOIN credit_item i USING (run_id, end_to_end_id)
      WHERE c.run_id = $1 AND c.purpose = 'deposit_credit' AND c.held = '' AND c.bank_id = ANY (ARRAY(
          SELECT party_id FROM clearing_party WHERE run_id = $1 AND kind = 'bank' AND coalesce(content #>> '{files,advice}', '') <> ''
          UNION ALL
          SELECT '' FROM clearing_run WHERE run_id = $1 AND coalesce(settings::jsonb #>> '{bankfiles,own,advice}', '') <> ''))
      UNION ALL
      SELECT currency, 0 FROM counterfeit_told WHERE run_id = $1) told
GROUP BY 1, 2
ORDER BY 1, 2
