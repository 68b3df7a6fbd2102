-- The fees of a settlement by kind.  $1 number
SELECT kind, count, base_minor, amount_minor FROM merchant_settlement_fee WHERE number = $1 ORDER BY kind
