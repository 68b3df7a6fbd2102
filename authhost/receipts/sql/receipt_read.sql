-- A receipt as it was first made, and how often it was printed.
SELECT issued_at, digest, parties, seal, (SELECT count(*) FROM receipt_print p WHERE p.key = r.key) AS prints FROM receipt r WHERE key = $1
