-- The settings that the newest run stands on.
SELECT settings FROM clearing_run ORDER BY run_no DESC LIMIT 1
