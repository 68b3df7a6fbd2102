-- Another cassette is inside, and nothing in it yet. $1 terminal, $2 cassette, '' none
UPDATE safe SET cassette_id = $2, fill = '{}' WHERE terminal_id = $1
