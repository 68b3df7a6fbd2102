-- Shifts in a state, the oldest first.
SELECT * FROM shift WHERE state = :state ORDER BY opened_at, number
