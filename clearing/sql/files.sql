-- $1 run id
SELECT path, kind, count, sum_minor, currency, sha256 FROM clearing_file WHERE run_id = $1
ORDER BY path
