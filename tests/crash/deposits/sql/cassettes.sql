-- Cassettes that are known.
INSERT INTO cassette (cassette_id) SELECT unnest($1::text[])
