-- After a night's credits have come, for the files and controls that join them with what is in each.
ANALYZE (SKIP_LOCKED) clearing_item, clearing_credit
