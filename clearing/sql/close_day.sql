-- Guarded by the date: who closes the same day second moves nothing.  $1 the day, $2 the day after
UPDATE rules SET version = version + 1, business_date = $2 WHERE business_date = $1
