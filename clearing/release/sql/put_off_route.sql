-- A target that cannot be reached: every file that is due has had a try.  $1 route, $2 now, $3 why, $4 first pause, $5 longest
UPDATE delivery SET tries = tries + 1, said = $3, due_at = $2::timestamptz + least($4::interval * power(2, least(tries, 20)), $5::interval)
WHERE route_id = $1 AND state = 'waiting' AND due_at <= $2
RETURNING tries
