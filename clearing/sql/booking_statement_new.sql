-- The files of bookings of a run: of each all that was booked since the last one.
-- $1 run id, $2 last day; $3 numbers, $4 accounts, $5 currencies, $6 first days, $7 openings
WITH due AS (
    SELECT * FROM unnest($3::text[], $4::bigint[], $5::text[], $6::date[], $7::bigint[])
        AS d (number, account_id, currency, period_from, opening_minor)
),
done AS (DELETE FROM booking_open o USING due WHERE (o.account_id, o.currency) = (due.account_id, due.currency))
INSERT INTO booking_statement (number, run_id, account_id, currency, period_from, period_to, opening_minor, closing_minor, entries)
SELECT d.number, $1, d.account_id, d.currency, d.period_from, $2::date, d.opening_minor, (d.opening_minor + e.minor)::bigint, e.count
FROM due d
CROSS JOIN LATERAL (SELECT sum(amount_minor) AS minor, count(*) AS count FROM client_entry
                    WHERE account_id = d.account_id AND currency = d.currency AND business_date BETWEEN d.period_from AND $2::date) e
