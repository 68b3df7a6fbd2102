-- A person lets it be paid, or collected, again.  $1 the order that came back
UPDATE clearing_again SET due = true WHERE before_id = $1 AND run_id IS NULL
