-- Guarded by the date: who closes the same day second moves nothing.
-- $1 the stream, $2 the day, $3 the day that is open then, $4 who, $5 the banks' calendar from now on
WITH moved AS (
    UPDATE rules SET version = version + 1,
        fuel_date = CASE $1 WHEN 'fuel' THEN $3 ELSE fuel_date END,
        cash_date = CASE $1 WHEN 'cash' THEN $3 ELSE cash_date END,
        payments_date = CASE $1 WHEN 'payments' THEN $3 ELSE payments_date END
    WHERE CASE $1 WHEN 'fuel' THEN fuel_date WHEN 'cash' THEN cash_date ELSE payments_date END = $2
    RETURNING version
)
INSERT INTO closed_day (stream, business_date, following, closed_by, bank_calendar) SELECT $1, $2, $3, $4, $5 FROM moved
