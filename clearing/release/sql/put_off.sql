-- A try that has failed: the next one after a pause that doubles; none where a person has to look.
-- $1 deliveries, $2 now, $3 why each, $4 whether each may be there, $5 whether no try helps it, $6 first pause, $7 longest
UPDATE delivery d SET
    state = CASE WHEN told.lost THEN 'given_up' ELSE 'waiting' END, handing_over = told.handing_over, tries = d.tries + 1, said = told.said,
    due_at = $2::timestamptz + least($6::interval * power(2, least(d.tries, 20)), $7::interval)
FROM unnest($1::bigint[], $3::text[], $4::boolean[], $5::boolean[]) AS told (delivery_id, said, handing_over, lost)
WHERE d.delivery_id = told.delivery_id
RETURNING d.run_id, d.path, d.state, d.tries, d.said
