-- The fences as they are before anything is read that they guard. $1 accounts, null: all
INSERT INTO catalogue_fence (account_id, fence)
SELECT f.account_id, f.fence FROM fence f JOIN account a USING (account_id)
WHERE a.kind = 'fleet' AND ($1::bigint[] IS NULL OR f.account_id = ANY ($1))
ON CONFLICT (account_id) DO UPDATE SET fence = EXCLUDED.fence
