-- The last day that was closed up to this one: itself, where it was a business date.  $1 the stream, $2 the day
SELECT business_date FROM closed_day WHERE stream = $1 AND business_date <= $2 ORDER BY business_date DESC LIMIT 1
