-- How far the catalogue is built, and whether something has moved since. $1 the month, YYMM
SELECT b.version, b.horizon, b.renewed_at, b.prices_until, r.version AS rules_version,
       b.rules_version <> r.version OR b.month <> $1 AS all_moved,
       ARRAY(SELECT f.account_id FROM fence f JOIN account a USING (account_id) LEFT JOIN catalogue_fence c USING (account_id)
             WHERE a.kind = 'fleet' AND f.fence IS DISTINCT FROM c.fence ORDER BY f.account_id) AS moved
FROM catalogue_built b CROSS JOIN rules r
