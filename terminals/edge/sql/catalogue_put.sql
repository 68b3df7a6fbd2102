-- A version is taken; the greatest is the one in force.
INSERT INTO catalogue (version, base, site_id, currency, issued_at, valid_until, taken_at)
VALUES (:version, :base, :site_id, :currency, :issued_at, :valid_until, :taken_at)
