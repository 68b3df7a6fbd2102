-- Runs that a second person has approved, and that are not shown yet, in the order of posting.
SELECT r.run_id FROM clearing_run r JOIN run_person p USING (run_id, manifest_digest)
WHERE r.status = 'verified' AND p.act = 'approved'
ORDER BY r.posted_at
