-- What a batch was opened with.
SELECT program_id, medium, digest FROM issue_batch WHERE batch_id = $1
