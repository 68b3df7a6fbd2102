-- What an account has, and how far it may go.
INSERT INTO account (iban, currency, balance_minor, least_minor, closed) VALUES (:iban, :currency, :balance_minor, :least_minor, :closed)
ON CONFLICT (iban, currency) DO UPDATE SET balance_minor = excluded.balance_minor, least_minor = excluded.least_minor, closed = excluded.closed
