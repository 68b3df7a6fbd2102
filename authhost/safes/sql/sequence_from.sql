-- Nothing is asked for below a device's first number. $1 terminal, $2 first number
UPDATE safe SET sequence_seen = sequence_seen + int8multirange(int8range(1, $2)) WHERE terminal_id = $1
