-- Who is behind a payment on each side; and accounts whose balance the bank watches: without a row an account always has funds.
ALTER TABLE payment ADD COLUMN debtor_name TEXT NOT NULL DEFAULT '';
ALTER TABLE payment ADD COLUMN ultimate TEXT NOT NULL DEFAULT '';  -- for whom: the ultimate creditor's name, or the ultimate debtor's
CREATE TABLE account (
    iban          TEXT    NOT NULL,
    currency      TEXT    NOT NULL,
    balance_minor INTEGER NOT NULL,
    least_minor   INTEGER NOT NULL DEFAULT 0,        -- below it there are no funds: an overdraft is negative
    closed        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (iban, currency)
) WITHOUT ROWID;
