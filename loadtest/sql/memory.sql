-- An open day and one terminal: the cards of this benchmark are in Valkey alone. $1 business date  $2 terminal
WITH rules_row AS (INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1::date, $1::date, $1::date)),
merchants AS (INSERT INTO merchant (merchant_id, name) VALUES ('M1', 'Station')),
sites AS (INSERT INTO site (site_id, merchant_id, name) VALUES ('S1', 'M1', 'Station'))
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id) VALUES ($2, 'pos', '280131', 'M1', 'S1')
