-- The numbers that KSeF has given invoices of runs.  $1 run ids
SELECT number, ksef_number FROM ksef_number_latest JOIN invoice USING (number) WHERE run_id = ANY ($1::text[])
