-- The numbers that KSeF has given a run's invoices.  $1 run id
SELECT number, ksef_number FROM ksef_number_latest JOIN invoice USING (number) WHERE run_id = $1
