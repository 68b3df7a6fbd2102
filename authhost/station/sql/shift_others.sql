-- Other shifts of a terminal that began on a day. $1 terminal, $2 shift, $3 days
SELECT DISTINCT ON (shift) day, from_sequence, to_sequence FROM station_shift
WHERE terminal_id = $1 AND shift <> $2 AND day = ANY ($3::date[]) ORDER BY shift, attempt DESC
