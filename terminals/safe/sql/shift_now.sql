-- The open shift.
SELECT number, opened_at, opened_by, first FROM shift WHERE closed_at IS NULL
