-- $1 name, $2 recipient, $3 kinds, $4 paths, $5 target, $6 not before, $7 time zone, $8 from this business date, $9 status
INSERT INTO delivery_route (name, recipient, kinds, paths, target, not_before, time_zone, valid_from, status)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8, $9)
