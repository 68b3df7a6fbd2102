-- Direct debits that came back and nobody has decided on.
SELECT exception_id FROM clearing_exception WHERE state = 'open' AND reason = 'debit_returned' ORDER BY exception_id
