-- The number of the last end of day before this message, 0: there was none. $1 terminal, $2 number
SELECT coalesce(max(sequence), 0) FROM safe_message WHERE terminal_id = $1 AND kind = 'end_of_day' AND sequence < $2
