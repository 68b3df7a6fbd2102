-- What couriers and cash centres did for pick-ups and settled counts of the night, where their prices are known; booked with it.
-- $1 run id, $2 business date, $3 stays, $4 events
WITH found AS (
    INSERT INTO courier_cost (run_id, stay_id, event, courier_id, terminal_id, cassette_id, on_day, currency, amount_minor)
    SELECT $1, s.stay_id, e.event, s.courier_id, s.terminal_id, s.cassette_id, $2::date, f.currency, price.minor
    FROM unnest($3::bigint[], $4::text[]) AS e (stay_id, event)
    JOIN cassette_stay s USING (stay_id)
    JOIN LATERAL (SELECT * FROM courier_fee c WHERE c.courier_id = s.courier_id AND c.valid_from <= $2::date
                  ORDER BY c.valid_from DESC, c.version DESC LIMIT 1) f ON true
    CROSS JOIN LATERAL (SELECT CASE e.event WHEN 'pickup' THEN f.per_pickup_minor ELSE f.per_count_minor END AS minor) price
    WHERE price.minor > 0
    RETURNING *
)
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, credit_account_id, amount_minor, currency)
SELECT $1, 'stay ' || c.stay_id || '#' || c.event, 1, r.debit, r.credit, supplier.account_id, c.amount_minor, c.currency
FROM found c
JOIN posting_rule r ON r.family = 'courier_cost'
-- Who is settled with for the courier's work; nobody yet where no account has terms that name it.
LEFT JOIN LATERAL (
    SELECT min(t.account_id) AS account_id
    FROM (SELECT DISTINCT ON (account_id) account_id, courier_id FROM supplier_terms WHERE valid_from <= $2::date
          ORDER BY account_id, valid_from DESC, version DESC) t
    WHERE t.courier_id = c.courier_id) supplier ON true
