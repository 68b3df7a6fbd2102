-- An invoice of all that is open up to a day, with the next night.  $1 account, $2 day, $3 who
INSERT INTO invoice_request (account_id, up_to, who) SELECT account_id, $2, $3 FROM account WHERE account_id = $1 RETURNING request_id
