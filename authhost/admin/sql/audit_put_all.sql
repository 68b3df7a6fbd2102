-- Who changed what, and how it was before: many subjects at once.
INSERT INTO audit (who, role, subject, what, change)
SELECT $1, $2, t.subject, $3, t.change FROM unnest($4::text[], $5::json[]) AS t (subject, change)
