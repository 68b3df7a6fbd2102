-- $1 run id
SELECT currency, courier_id, coalesce(a.content ->> 'name', '') AS courier, stay_id, event, terminal_id, cassette_id, on_day, amount_minor
FROM courier_cost c
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'courier' AND a.party_id = c.courier_id
WHERE c.run_id = $1
ORDER BY currency COLLATE "C", courier_id, stay_id, event
