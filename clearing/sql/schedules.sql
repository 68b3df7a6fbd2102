-- How the days of each stream follow each other, and the one that is open.
SELECT s.stream, s.time_zone, s.cut_off, s.calendar, s.bank_calendar,
       CASE s.stream WHEN 'fuel' THEN r.fuel_date WHEN 'cash' THEN r.cash_date ELSE r.payments_date END AS business_date
FROM day_schedule s CROSS JOIN rules r
ORDER BY array_position(ARRAY['fuel', 'cash', 'payments'], s.stream)
