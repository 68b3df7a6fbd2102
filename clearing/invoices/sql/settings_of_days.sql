-- What the nights of fuel of these days were told.  $1 business dates
SELECT DISTINCT ON (business_date) business_date, settings FROM clearing_run
WHERE stream = 'fuel' AND business_date = ANY ($1::date[])
ORDER BY business_date, sequence DESC
