-- How much a count may differ, minor units.
SELECT account_id, tolerance_minor FROM account WHERE account_id = ANY ($1::bigint[])
