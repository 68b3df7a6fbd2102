-- What payers' banks are asked, as it is.
SELECT o.end_to_end_id, o.state, a.iban, o.amount_minor, o.kind FROM bank_order o JOIN account a USING (account_id)
