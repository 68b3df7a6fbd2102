-- $1 run id, $2 part, $3 who, $4 the manifest's digest
INSERT INTO run_person (run_id, part, act, who, manifest_digest) VALUES ($1, $2, 'approved', $3, $4)
