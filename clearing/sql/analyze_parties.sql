-- Lest the planner takes the parties of this run for none, and looks at all of them for each of its settlements.
ANALYZE (SKIP_LOCKED) clearing_party
