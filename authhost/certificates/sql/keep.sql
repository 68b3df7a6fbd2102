-- A certificate of a terminal.
INSERT INTO device_certificate (serial, terminal_id, public_key, certificate, not_before, not_after, issued_by)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *
