-- A day that was closed.  $1 the stream, $2 the day
SELECT following, bank_calendar FROM closed_day WHERE stream = $1 AND business_date = $2
