-- Which credit has what. $1 run id; then a group of `due` a place in the arrays: $2 accounts, $3 currencies, $4 places, $5 singles,
-- $6 loose, $7 end-to-end ids, $8 whether its credit is done with
INSERT INTO clearing_item (run_id, end_to_end_id, source, key, account_id, terminal_id, currency, amount_minor, family, journal_date,
                           journal_id, settled)
SELECT $1, g.end_to_end_id, d.source, d.key, d.account_id, d.terminal_id, d.currency, d.amount_minor, d.family, d.journal_date,
       d.journal_id, g.settled
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::boolean[])
     AS g (account_id, currency, place_id, single, loose, end_to_end_id, settled)
JOIN due d USING (account_id, currency, place_id, single, loose)
RETURNING source, key, settled
