-- Of a night that is tried out: closed for its own transaction, which is rolled back.
-- $1 the stream, $2 the day, $3 the day after, $4 who, $5 the banks' calendar
INSERT INTO closed_day (stream, business_date, following, closed_by, bank_calendar) VALUES ($1, $2, $3, $4, $5)
