-- The fees of a run's settlements, by kind.  $1 run id
SELECT f.number, f.kind, f.count, f.base_minor, f.amount_minor FROM merchant_settlement_fee f JOIN merchant_settlement s USING (number)
WHERE s.run_id = $1 ORDER BY f.number, f.kind
