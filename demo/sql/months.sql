-- The journal's partitions of the business date and of the day after.  $1 business date
SELECT journal_month($1::date), journal_month($1::date + 1)
