-- Its orders are on a statement.  $1 end-to-end ids, $2 statement, $3 line
INSERT INTO credit_seen (end_to_end_id, statement_id, line) SELECT unnest($1::text[]), $2, $3 ON CONFLICT DO NOTHING
