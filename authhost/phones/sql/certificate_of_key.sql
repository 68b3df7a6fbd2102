-- The certificate that a key has, or had.  $1 SHA-256 of its SubjectPublicKeyInfo
SELECT serial, phone, certificate, not_before, not_after, revoked_at, reason FROM payer_certificate WHERE key_digest = $1
