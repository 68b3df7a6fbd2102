-- The stay that a count is of: the newest of the cassette ($1) that had ended when it was counted ($2; clocks differ by an hour at most).
-- None where the cassette had come into a safe again: what was counted is that stay's, whose end has not been told.
SELECT s.stay_id, s.terminal_id, s.courier_id, s.state
FROM cassette_stay s
WHERE s.cassette_id = $1 AND s.state <> 'in_safe' AND coalesce(s.closed_at, s.opened_at) <= $2::timestamptz + interval '1 hour'
  AND NOT EXISTS (SELECT FROM cassette_stay later WHERE later.cassette_id = $1 AND later.state = 'in_safe'
                  AND later.opened_at > s.opened_at AND later.opened_at <= $2)
ORDER BY s.stay_id DESC LIMIT 1
