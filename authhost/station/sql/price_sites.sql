-- For which sites, in which currency, and for which fleets list prices are wanted. $1 accounts, null: all
SELECT ARRAY(SELECT DISTINCT site_id FROM station_terminal ORDER BY 1) AS sites,
       ARRAY(SELECT account_id FROM account WHERE kind = 'fleet' AND offline AND status = 'active'
             AND ($1::bigint[] IS NULL OR account_id = ANY ($1)) ORDER BY 1) AS accounts
