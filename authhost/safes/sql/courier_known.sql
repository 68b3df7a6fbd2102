-- Whether a courier of this id works for us. $1 courier
SELECT EXISTS (SELECT FROM courier WHERE courier_id = $1 AND status = 'active')
