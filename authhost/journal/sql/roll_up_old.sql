-- What no rolling window reaches any more ($2, an hour) is a row a month.
WITH old AS (
    DELETE FROM rollup WHERE account_id = $1 AND hour > 0 AND hour < $2
    RETURNING scope, entity, month, product, funding, money, volume, count
)
INSERT INTO rollup AS r (account_id, scope, entity, hour, day, week, month, product, funding, money, volume, count)
SELECT $1, scope, entity, 0, 0, 0, month, product, funding, sum(money), sum(volume), sum(count)
FROM old GROUP BY scope, entity, month, product, funding
ON CONFLICT (account_id, scope, entity, hour, day, week, month, product, funding) DO UPDATE
    SET money = r.money + excluded.money, volume = r.volume + excluded.volume, count = r.count + excluded.count
