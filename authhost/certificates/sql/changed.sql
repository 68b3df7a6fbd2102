-- Terminals whose certificates have changed since a version ($1), and the newest version. Versions come in the order of commits.
SELECT terminal_id, version FROM device_certificate WHERE version > $1 ORDER BY version
