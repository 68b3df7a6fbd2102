-- The partition of a day that is still to come.
SELECT journal_month($1)
