-- Keys that were given up, each with what was signed by it after that.
SELECT c.phone, c.serial, c.revoked_at, (j.detail ->> 'payment') AS payment_id
FROM payer_certificate c LEFT JOIN journal j ON j.detail ->> 'serial' = c.serial AND j.recorded_at > c.revoked_at
WHERE c.revoked_at IS NOT NULL
