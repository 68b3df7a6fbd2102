-- The day of a stream that is open, and how its days follow each other.  $1 the stream
SELECT CASE $1::text WHEN 'fuel' THEN r.fuel_date WHEN 'cash' THEN r.cash_date ELSE r.payments_date END AS business_date,
       s.calendar, s.bank_calendar
FROM rules r JOIN day_schedule s ON s.stream = $1
