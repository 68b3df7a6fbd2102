-- A list that comes in; its prices follow in the same transaction.
INSERT INTO price_import (source, file, sha256, reason, rows, who) VALUES ($1, $2, $3, $4, $5, $6) RETURNING import_id
