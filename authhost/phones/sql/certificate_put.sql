-- A certificate of a payer.
INSERT INTO payer_certificate (serial, phone, key_digest, certificate, not_before, not_after, issued_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
