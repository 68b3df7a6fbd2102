-- $1 run id, $2 the credits that came back, $3 their new ids
UPDATE clearing_again a SET run_id = $1, end_to_end_id = n.new_id
FROM unnest($2::text[], $3::text[]) n (before_id, new_id) WHERE a.before_id = n.before_id
