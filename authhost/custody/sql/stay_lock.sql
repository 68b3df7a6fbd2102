-- A stay under its lock: whoever compares, decides or settles takes it first.
SELECT stay_id, cassette_id, terminal_id, state FROM cassette_stay WHERE stay_id = $1 FOR UPDATE
