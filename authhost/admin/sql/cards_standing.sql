-- Cards by the keyed hashes of their numbers, as they are.
SELECT c.pan_hmac, (to_jsonb(c) - 'pan_hmac' - 'pin_value')::text AS row FROM card c WHERE c.pan_hmac = ANY ($1::bytea[])
