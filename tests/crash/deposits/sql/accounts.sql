-- By client: what its journal counts against its cap and has adjusted, and what its deposits say of both.
SELECT a.account_id, a.name,
       (SELECT coalesce(sum(j.money), 0)::bigint FROM journal j WHERE j.account_id = a.account_id) AS exposure_minor,
       (SELECT coalesce(sum(j.posted_minor), 0)::bigint FROM journal j WHERE j.account_id = a.account_id AND j.kind = 'adjustment') AS adjusted_minor,
       coalesce(sum(d.amount_minor) FILTER (WHERE d.state IN ('reported', 'provisional', 'picked_up')), 0)::bigint AS uncounted_minor,
       coalesce(sum(d.amount_minor) FILTER (WHERE d.state = 'reversed' AND d.credit IN ('accepted', 'booked', 'file')), 0)::bigint AS taken_back_minor
FROM account a LEFT JOIN deposit d USING (account_id)
WHERE a.kind = 'safe_client'
GROUP BY a.account_id ORDER BY a.account_id
