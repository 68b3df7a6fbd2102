-- A certificate that another one takes the place of ends sooner than it says itself.  $1 serial, $2 when
UPDATE payer_certificate SET not_after = least(not_after, $2), reason = 'superseded' WHERE serial = $1
