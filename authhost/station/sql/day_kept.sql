-- The totals of a day that is over. $1 business date, $2 terminal
SELECT lines::text AS lines, as_of FROM station_day WHERE business_date = $1 AND terminal_id = ANY (ARRAY[$2::text, ''])
ORDER BY terminal_id DESC LIMIT 1
