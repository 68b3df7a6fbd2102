-- The audit trail, the newest first. $1 a subject or '', $2 who or '', $3 and $4 from and until, $5 below this id, $7 refusals alone.
SELECT id, at, who, role, subject, what, change::text AS change FROM audit
WHERE ($1 = '' OR subject = $1) AND ($2 = '' OR who = $2)
  AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
  AND ($5::bigint IS NULL OR id < $5) AND (NOT $7 OR what LIKE 'refused: %' OR subject = 'refusals')
ORDER BY id DESC LIMIT $6
