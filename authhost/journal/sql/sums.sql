-- Second statement of a hydration, or a card's own: the signed effects with a smaller fence, in the newest window of each kind.
-- $3: 'a' the whole account, 'c' a card, 'v' a vehicle, 'd' a driver, with its id in $4.
WITH effect AS (
    SELECT day, week, month, money, volume, count FROM journal
    WHERE account_id = $1 AND fence < $2 AND (money <> 0 OR volume <> 0 OR count <> 0)
      AND CASE $3 WHEN 'c' THEN card_id = $4 WHEN 'v' THEN vehicle_id = $4 WHEN 'd' THEN driver_id = $4 ELSE true END
),
newest AS (SELECT max(day) AS day, max(week) AS week, max(month) AS month FROM effect)
SELECT coalesce(max(newest.day), 0)::bigint,
       coalesce(sum(money) FILTER (WHERE effect.day = newest.day), 0)::bigint,
       coalesce(sum(volume) FILTER (WHERE effect.day = newest.day), 0)::bigint,
       coalesce(sum(count) FILTER (WHERE effect.day = newest.day), 0)::bigint,
       coalesce(max(newest.week), 0)::bigint,
       coalesce(sum(money) FILTER (WHERE effect.week = newest.week), 0)::bigint,
       coalesce(sum(volume) FILTER (WHERE effect.week = newest.week), 0)::bigint,
       coalesce(sum(count) FILTER (WHERE effect.week = newest.week), 0)::bigint,
       coalesce(max(newest.month), 0)::bigint,
       coalesce(sum(money) FILTER (WHERE effect.month = newest.month), 0)::bigint,
       coalesce(sum(volume) FILTER (WHERE effect.month = newest.month), 0)::bigint,
       coalesce(sum(count) FILTER (WHERE effect.month = newest.month), 0)::bigint,
       coalesce(sum(money), 0)::bigint, coalesce(sum(volume), 0)::bigint, coalesce(sum(count), 0)::bigint
FROM effect, newest
