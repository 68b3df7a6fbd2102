-- The number of the message that opened a shift; null where none did. $1 terminal, $2 shift
SELECT max(sequence) FROM safe_message WHERE terminal_id = $1 AND kind = 'shift_open' AND content ->> 'shift' = $2
