-- Another schedule of a stream, and who has said so. What is null stays.
-- $1 stream, $2 time zone, $3 cut-off, $4 calendar, $5 the banks' calendar, $6 who
WITH moved AS (
    UPDATE day_schedule SET time_zone = coalesce($2, time_zone), cut_off = coalesce($3, cut_off), calendar = coalesce($4, calendar),
                            bank_calendar = coalesce($5, bank_calendar)
    WHERE stream = $1
    RETURNING format('days of %s: cut-off %s %s, calendar %s, banks %s', stream, cut_off, time_zone, calendar, bank_calendar) AS what
)
INSERT INTO audit (who, what) SELECT $6, what FROM moved
