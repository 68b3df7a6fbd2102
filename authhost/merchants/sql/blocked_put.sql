-- A phone that this merchant takes nothing from; no row where it is blocked already.  $1 merchant, $2 phone, $3 why, $4 who, $5 when
INSERT INTO merchant_blocked_phone (merchant_id, phone, reason, blocked_by, blocked_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (merchant_id, phone) DO NOTHING RETURNING phone
