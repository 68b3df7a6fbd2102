-- Each change of a deposit, in order.
SELECT event, before, after, at, who, why FROM deposit_change WHERE key = $1 ORDER BY id
