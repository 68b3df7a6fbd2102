-- A step of a reconciliation. $1 terminal, $2 shift, $3 attempt, $4 instant, $5 step, $6 told, $7 answer
INSERT INTO station_shift_step (terminal_id, shift, attempt, at, step, told, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)
