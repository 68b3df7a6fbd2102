-- One night at a time decides what is collected.
LOCK TABLE clearing_debit IN SHARE ROW EXCLUSIVE MODE
