-- Where a run's rows, lines, invoices and ledger do not agree, or a number is left out.  $1 run id, $2 business date
WITH rows (currency, minor) AS (
    SELECT p.currency, p.amount_minor FROM clearing_run r
    JOIN placement p ON p.run_no = r.run_no AND p.stream = 'fuel' AND p.journal_date = $2::date
    WHERE r.run_id = $1 AND p.place = 'cleared' AND p.family = 'fuel'
    UNION ALL SELECT currency, amount_minor FROM suspense_release WHERE run_id = $1 AND family = 'suspense_accepted'
    UNION ALL SELECT currency, pump_minor FROM fuel_line_parked WHERE billed_run = $1
),
lines (currency, minor) AS (
    SELECT currency, pump_minor FROM fuel_line WHERE run_id = $1
    UNION ALL SELECT currency, pump_minor FROM fuel_line_parked WHERE run_id = $1
),
mine AS (
    SELECT * FROM invoice WHERE run_id = $1 AND kind IN ('fleet', 'credit_note', 'corrective')
),
owed (currency, minor) AS (
    SELECT l.currency, l.amount_minor FROM mine JOIN invoice_line l USING (number)
    UNION ALL SELECT t.currency, t.amount_minor FROM mine JOIN ledger_transfer t ON t.run_id = $1 AND t.transaction = mine.number AND t.debit = '1100'
),
compared (what, place, said_minor, booked_minor) AS (
    SELECT 'the lines at the pump''s prices', currency, coalesce(l.minor, 0), coalesce(r.minor, 0)
    FROM (SELECT currency, sum(minor) AS minor FROM lines GROUP BY currency) l
    FULL JOIN (SELECT currency, sum(minor) AS minor FROM rows GROUP BY currency) r USING (currency)
    UNION ALL
    SELECT 'what the invoices ask for', currency, coalesce(i.minor, 0), coalesce(o.minor, 0)
    FROM (SELECT currency, sum(gross_minor) AS minor FROM mine GROUP BY currency) i
    FULL JOIN (SELECT currency, sum(minor) AS minor FROM owed GROUP BY currency) o USING (currency)
    UNION ALL
    SELECT 'the count of numbers', series, count(*), max(serial) - min(serial) + 1 FROM mine GROUP BY series
)
SELECT what, place, said_minor::bigint AS said_minor, booked_minor::bigint AS booked_minor FROM compared
WHERE said_minor <> booked_minor ORDER BY what, place LIMIT 1
