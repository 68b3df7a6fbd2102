-- Three safes with their clients and a courier who takes a day. S1 of client 900002, S2 and S3 of client 900001.
INSERT INTO courier (courier_id, name, lead_h) VALUES ('K1', 'Fast vans', 24), ('K2', 'Slow vans', 24);
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id) VALUES
    ('S1', 'safe', '280131', 'SHOP', 'S1'), ('S2', 'safe', '280131', 'SHOP', 'S2'), ('S3', 'safe', '280131', 'SHOP', NULL);
INSERT INTO safe (terminal_id, note_capacity, coin_capacity, courier_id, time_zone, cassette_id) VALUES
    ('S1', 1000, 0, 'K1', 'Europe/Vienna', '340123450000000017'), ('S2', 1000, 500, 'K2', 'Europe/Vienna', ''), ('S3', 0, 0, NULL, 'UTC', '');
INSERT INTO safe_client (terminal_id, account_id) VALUES ('S1', 900002), ('S2', 900001), ('S3', 900001);
INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at) VALUES ('340123450000000017', 'S1', '2026-07-20T06:00:00Z');
SELECT journal_month('2026-05-01'), journal_month('2026-06-01')
