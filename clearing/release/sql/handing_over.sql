-- From here on they may be there.  $1 deliveries
UPDATE delivery SET handing_over = true WHERE delivery_id = ANY ($1::bigint[])
