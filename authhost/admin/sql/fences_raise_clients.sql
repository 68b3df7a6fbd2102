-- Every client of every safe: what a category of notes means decides about all their deposits.
UPDATE fence f SET fence = fence + 1
WHERE EXISTS (SELECT FROM safe_client c WHERE c.account_id = f.account_id)
