-- What the journal says that an account has taken, ever: the whole, then each holder. $1 account
SELECT scope, who, sum(money)::bigint AS money, sum(volume)::bigint AS volume, sum(count)::bigint AS count
FROM journal, LATERAL (VALUES ('account', account_id::text), ('subaccount', subaccount_id::text), ('site', site_id),
                              ('card', card_id::text), ('vehicle', vehicle_id::text), ('driver', driver_id::text)) AS h (scope, who)
WHERE account_id = $1 AND who IS NOT NULL AND kind <> 'funding'
GROUP BY scope, who
