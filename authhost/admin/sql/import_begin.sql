-- A file's place; nothing is returned where it was taken in before. A second one at the same moment waits for the first.
INSERT INTO admin_import (kind, digest, rows, who) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING kind
