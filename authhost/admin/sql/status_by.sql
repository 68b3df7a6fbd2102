-- The role that set a subject's status last.
SELECT role FROM audit WHERE subject = $1 AND change->'status' IS NOT NULL ORDER BY id DESC LIMIT 1
