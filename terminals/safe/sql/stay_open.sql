-- A cassette is put in.
INSERT INTO stay (cassette, opened_at) VALUES (:cassette, :at)
