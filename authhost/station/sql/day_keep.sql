-- Keep the totals of a day that is over; the row without a terminal says that it was counted. $1 business date, $2 terminals,
-- $3 lines, $4 instant
INSERT INTO station_day (business_date, terminal_id, lines, as_of)
SELECT $1, t.terminal_id, t.lines, $4 FROM unnest($2::text[], $3::json[]) AS t (terminal_id, lines)
ON CONFLICT DO NOTHING
