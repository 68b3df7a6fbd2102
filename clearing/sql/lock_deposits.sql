-- Every deposit that this night may move, locked in the order of keys as all do who move deposits: credits that wait for a file, credits
-- that a bank has accepted, and those that wait for a bank which has no way to credit at once now.
SELECT d.key, d.credit FROM deposit d LEFT JOIN bank b USING (bank_id)
WHERE (d.credit = 'night' AND d.run_id IS NULL)
   OR (d.credit = 'accepted' AND d.run_id IS NULL)
   OR (d.credit = 'queued' AND (b.bank_id IS NULL OR b.status <> 'active' OR b.endpoint = ''
                                OR NOT b.rails @> jsonb_build_array(jsonb_build_object('currency', d.currency))))
ORDER BY d.key FOR UPDATE OF d
