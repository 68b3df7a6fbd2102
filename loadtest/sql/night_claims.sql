-- The claims of a day: where the rows of a key are, as whoever names it later finds them.  {day}
INSERT INTO claim (key, fingerprint, door, business_date, journal_id, state)
SELECT key, '\x00', 'loadtest', business_date, id, 1 FROM journal WHERE business_date = {day}::date AND leg = 0
ON CONFLICT DO NOTHING
