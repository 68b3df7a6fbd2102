-- What a second person has approved, and what is not shown yet, in the order of posting.
SELECT r.run_id, r.part FROM run_part r JOIN run_person p USING (run_id, part, manifest_digest)
WHERE r.status = 'verified' AND p.act = 'approved'
ORDER BY r.posted_at, r.run_id, r.part
