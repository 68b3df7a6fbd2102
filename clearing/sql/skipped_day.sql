-- The day whose closing has gone over this one, a holiday of the stream's calendar.  $1 the stream, $2 the day
SELECT business_date FROM closed_day WHERE stream = $1 AND business_date < $2 AND following > $2
