-- $1 run id, $2 stream
SELECT place, count(*)::int AS count FROM clearing_place WHERE run_id = $1 AND stream = $2 GROUP BY place
