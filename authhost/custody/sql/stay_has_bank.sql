-- Whether a bank ($2) has a client in a stay ($1): one with a deposit, or one of the safe's.
SELECT EXISTS (SELECT FROM deposit d JOIN account a USING (account_id) WHERE d.stay_id = $1 AND a.bank_id = $2)
    OR EXISTS (SELECT FROM cassette_stay s JOIN safe_client c USING (terminal_id) JOIN account a USING (account_id)
               WHERE s.stay_id = $1 AND a.bank_id = $2)
