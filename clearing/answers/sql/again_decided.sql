-- A person lets it be paid again.  $1 the credit that came back
UPDATE clearing_again SET due = true WHERE before_id = $1 AND run_id IS NULL
