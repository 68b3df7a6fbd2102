-- $1 run id, $2 who, $3 the manifest's digest
INSERT INTO run_person (run_id, act, who, manifest_digest) VALUES ($1, 'approved', $2, $3)
