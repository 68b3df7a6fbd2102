-- It is decided where they go.
UPDATE escrow SET state = :state
