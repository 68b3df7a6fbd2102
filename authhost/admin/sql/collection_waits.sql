-- Whether a debit of an invoice came back and waits to be collected again.  $1 invoice
SELECT EXISTS (SELECT FROM clearing_again a JOIN clearing_debit b ON b.end_to_end_id = a.before_id
               WHERE b.invoice = $1 AND b.held = '' AND a.purpose = 'collection' AND a.due AND a.run_id IS NULL)
