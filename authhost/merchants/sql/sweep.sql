-- What nobody asks for any more.  $1 now
WITH logins AS (
    UPDATE merchant_login SET state = 'expired' WHERE state IN ('waiting', 'confirmed') AND expires_at <= $1::timestamptz
)
DELETE FROM merchant_session WHERE expires_at < $1 - interval '1 day'
