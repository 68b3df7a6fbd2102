SELECT journal_month($1)
