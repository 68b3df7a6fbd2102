-- The bank's books: each credit once, by its EndToEndId; each night file once, by its MsgId.
CREATE TABLE payment (
    end_to_end_id TEXT PRIMARY KEY,
    message_id    TEXT    NOT NULL,
    source        TEXT    NOT NULL CHECK (source IN ('online', 'file')),
    service       TEXT    NOT NULL,                  -- 'INST', 'SEPA', '' the bank's own rail
    debtor        TEXT    NOT NULL,                  -- IBAN
    creditor      TEXT    NOT NULL,                  -- IBAN
    name          TEXT    NOT NULL,
    currency      TEXT    NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    remittance    TEXT    NOT NULL,
    status        TEXT    NOT NULL,                  -- as pain.002 says it; accepted where it is no RJCT
    reason        TEXT    NOT NULL DEFAULT '',
    booked_on     TEXT    NOT NULL,                  -- the execution date, ISO 8601
    received_us   INTEGER NOT NULL,                  -- when it came first, microseconds since 1970
    final_us      INTEGER NOT NULL,                  -- until then a status request hears PDNG
    seen          INTEGER NOT NULL DEFAULT 1         -- how often it was ordered
) WITHOUT ROWID;
CREATE INDEX payment_debtor ON payment (debtor, currency, booked_on);
CREATE INDEX payment_creditor ON payment (creditor, currency, booked_on);
CREATE TABLE file (
    message_id  TEXT PRIMARY KEY,
    received_us INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    sum_minor   INTEGER NOT NULL,
    rejected    INTEGER NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
