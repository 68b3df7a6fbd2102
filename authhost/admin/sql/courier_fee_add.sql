-- One more version of what a courier ($1) asks from a day ($2) on. Two at once: one finds the number taken.
INSERT INTO courier_fee (courier_id, valid_from, version, currency, per_pickup_minor, per_count_minor, who)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6 FROM courier_fee WHERE courier_id = $1 AND valid_from = $2
RETURNING version
