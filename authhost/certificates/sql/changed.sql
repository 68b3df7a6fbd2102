-- Terminals and payers' phones whose certificates have changed since a version ($1), and the newest version. Versions come in the order
-- of commits.
SELECT terminal_id AS name, version FROM device_certificate WHERE version > $1
UNION ALL SELECT phone, version FROM payer_certificate WHERE version > $1
ORDER BY version
