-- $1 run id
SELECT place, count(*)::int AS count FROM clearing_place WHERE run_id = $1 GROUP BY place
