-- A record a customer and currency whose period ends tonight: of all its lines that are due; more than one where a batch may hold no more,
-- or must lie in one fiscal year.
-- $1 run id, $2 stream, $3 business date, $4 what the numbers begin with, $5 accounts, $6 currencies, $7 forms, $8 paths (%s: the part),
-- $9 first days, $10 last days, $11 first day of fiscal years (MM-DD), $12 logics, $13 most lines of a batch
WITH due AS (
    SELECT * FROM unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::date[], $10::date[], $11::text[], $12::text[])
        AS d (account_id, currency, form, path, period_from, period_to, year, logic)
),
lined AS (
    SELECT l.run_id, l.transaction, l.line, l.amount_minor, l.booked_on, d.*, y.fiscal,
           (row_number() OVER (PARTITION BY l.account_id, l.currency, y.fiscal ORDER BY l.run_id, l.transaction, l.line) - 1) / $13 AS part
    FROM booking_line l
    JOIN due d USING (account_id, currency)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN d.form <> 'datev' THEN 0
                    ELSE extract(year FROM l.booked_on) - (to_char(l.booked_on, 'MM-DD') < d.year)::int END AS fiscal) y
    WHERE l.number IS NULL AND l.stream = $2 AND l.due_on <= $3::date
),
batch AS (
    SELECT account_id, currency, fiscal, part, form, path, period_to, logic,
           CASE form WHEN 'datev' THEN min(booked_on) ELSE least(period_from, min(booked_on)) END AS period_from,
           CASE form WHEN 'datev' THEN max(booked_on) ELSE period_to END AS last_day, count(*) AS entries, sum(amount_minor) AS sum_minor,
           $4 || lpad((row_number() OVER (ORDER BY account_id, currency COLLATE "C", fiscal, part))::text, 6, '0') AS number,
           row_number() OVER (PARTITION BY account_id, currency ORDER BY fiscal, part) AS nth
    FROM lined GROUP BY account_id, currency, fiscal, part, form, path, period_from, period_to, logic
),
numbered AS (
    UPDATE booking_line l SET number = b.number
    FROM lined n JOIN batch b USING (account_id, currency, fiscal, part)
    WHERE (l.run_id, l.transaction, l.line) = (n.run_id, n.transaction, n.line)
)
INSERT INTO booking_record (number, run_id, stream, account_id, currency, form, path, period_from, period_to, entries, sum_minor, logic)
SELECT number, $1, $2, account_id, currency, form, replace(path, '%s', CASE nth WHEN 1 THEN '' ELSE '_' || nth END), period_from, last_day,
       entries, sum_minor, logic
FROM batch
