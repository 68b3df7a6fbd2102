-- $1 run id, $2 who
INSERT INTO run_person (run_id, act, who) VALUES ($1, 'started', $2) ON CONFLICT DO NOTHING
