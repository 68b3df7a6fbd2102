-- $1 run id, $2 part
SELECT path, kind, count, sum_minor, currency, sha256 FROM clearing_file WHERE run_id = $1 AND part = $2
ORDER BY path
