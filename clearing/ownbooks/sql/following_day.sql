-- The business day that was opened when one was closed.  $1 stream, $2 business date
SELECT following FROM closed_day WHERE stream = $1 AND business_date = $2
