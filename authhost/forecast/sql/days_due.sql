-- Closed business dates, the oldest first, that are not rolled up: of $1 days before the open one. A closed one never changes.
SELECT day::date AS day FROM rules r, generate_series(r.cash_date - $1::int, r.cash_date - 1, interval '1 day') day
WHERE NOT EXISTS (SELECT FROM safe_day_done d WHERE d.business_date = day::date) ORDER BY day
