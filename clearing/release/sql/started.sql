-- $1 run id, $2 part, $3 who
INSERT INTO run_person (run_id, part, act, who) VALUES ($1, $2, 'started', $3) ON CONFLICT DO NOTHING
