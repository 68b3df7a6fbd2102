-- The one terminal that the fleet buys at.
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)
VALUES ($1, 'pos', '280131', 'M1', 'S1')
