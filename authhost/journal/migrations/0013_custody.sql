-- What follows a deposit: the count of a cassette, cases and decisions, pick-ups, counterfeits, fees, receipts, certificates.

-- What the cash centre found in a cassette. A recount is a row more; the newest stands.
CREATE TABLE cash_count (
    count_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stay_id     bigint,                                       -- null: no stay of this cassette is known (a case)
    cassette_id text   NOT NULL,
    reference   text   COLLATE "C" NOT NULL,                  -- the cash centre's own number
    counted_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    counted_by  text   NOT NULL,                              -- who told it
    source      text   NOT NULL CHECK (source IN ('message', 'csv')),
    pieces      jsonb  NOT NULL,                              -- [{"currency", "value_minor", "kind": "note" | "coin" | "envelope" | "cheque", "count", "number"}]
    counterfeits jsonb NOT NULL DEFAULT '[]',                 -- [{"currency", "value_minor", "serial", "category": "2"}]
    digest      bytea  NOT NULL CHECK (octet_length(digest) = 32),  -- SHA-256 of what was told
    UNIQUE (counted_by, reference)
);
CREATE INDEX cash_count_stay ON cash_count (stay_id, count_id);
-- The stay that a count is of: the newest of the cassette that had ended when it was counted (clocks differ by an hour at most).
-- None where the cassette had come into a safe again: what was counted is that stay's, whose end has not been told.
CREATE FUNCTION stay_of_count(cassette text, counted_at timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.stay_id FROM cassette_stay s
    WHERE s.cassette_id = cassette AND s.state <> 'in_safe'
      AND coalesce(s.closed_at, s.opened_at) <= stay_of_count.counted_at + interval '1 hour'
      AND NOT EXISTS (SELECT FROM cassette_stay later WHERE later.cassette_id = cassette AND later.state = 'in_safe'
                      AND later.opened_at > s.opened_at AND later.opened_at <= stay_of_count.counted_at)
    ORDER BY s.stay_id DESC LIMIT 1
$$;

-- What needs a person. Decided by two: who proposes does not approve.
CREATE TABLE cash_case (
    case_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text   NOT NULL CHECK (kind IN ('withheld', 'difference', 'counterfeit', 'unknown_cassette', 'refused_by_bank', 'compare')),
    terminal_id  text,
    stay_id      bigint,
    deposit_key  text   COLLATE "C",
    account_id   bigint,
    currency     text   NOT NULL DEFAULT '',
    amount_minor bigint NOT NULL DEFAULT 0,                   -- of a difference: counted less told (negative: short)
    content      jsonb  NOT NULL DEFAULT '{}',
    state        text   NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'proposed', 'decided', 'closed')),
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at       timestamptz,                                 -- counterfeits: 20 working days
    proposal     text   NOT NULL DEFAULT '' CHECK (proposal IN ('', 'release', 'adjust', 'reverse', 'reject', 'dismiss')),
    proposed_minor bigint NOT NULL DEFAULT 0,                 -- of an adjustment, signed
    proposed_by  text   NOT NULL DEFAULT '',
    proposed_at  timestamptz,
    decided_by   text   NOT NULL DEFAULT '' ,
    decided_at   timestamptz,
    why          text   NOT NULL DEFAULT '',
    journal_key  text   COLLATE "C",                          -- of the adjustment that was booked
    CHECK (decided_by = '' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX cash_case_deposit ON cash_case (kind, deposit_key) WHERE deposit_key IS NOT NULL;
CREATE UNIQUE INDEX cash_case_stay ON cash_case (kind, stay_id, account_id, currency) NULLS NOT DISTINCT
    WHERE stay_id IS NOT NULL AND deposit_key IS NULL AND state <> 'closed';
CREATE INDEX cash_case_open ON cash_case (state, case_id) WHERE state <> 'closed';
CREATE TABLE case_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id bigint NOT NULL REFERENCES cash_case, event text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), who text NOT NULL, why text NOT NULL DEFAULT ''
);

CREATE INDEX case_change_case ON case_change (case_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_change FOR EACH STATEMENT EXECUTE FUNCTION append_only();
-- What custody has decided to book and does not know to be in the journal yet.
CREATE TABLE custody_posting (
    posting_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text   NOT NULL CHECK (kind IN ('adjustment', 'verification')),
    account_id   bigint NOT NULL REFERENCES account,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),   -- signed: of the journal row
    currency     text   NOT NULL,
    case_id      bigint REFERENCES cash_case,
    stay_id      bigint,
    deposit_key  text   COLLATE "C",
    detail       jsonb  NOT NULL,
    who          text   NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    posted_at    timestamptz,
    journal_key  text   COLLATE "C"                           -- null: not posted yet
);
CREATE INDEX custody_posting_open ON custody_posting (posting_id) WHERE journal_key IS NULL;
CREATE INDEX custody_posting_stay ON custody_posting (stay_id) WHERE stay_id IS NOT NULL;
CREATE INDEX custody_posting_case ON custody_posting (case_id) WHERE case_id IS NOT NULL;

-- Suspected counterfeits (category 2 of ECB/2010/14): never credited, told to the authorities with the account holder's data.
CREATE TABLE counterfeit (
    counterfeit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id      bigint NOT NULL REFERENCES cash_case,
    deposit_key  text   COLLATE "C",
    account_id   bigint,
    currency     text   NOT NULL,
    value_minor  bigint NOT NULL,
    serial       text   NOT NULL DEFAULT '',
    category     text   NOT NULL,
    seen_at      timestamptz NOT NULL,
    due_on       date   NOT NULL,                             -- 20 working days after it was seen
    reported_at  timestamptz,
    report       text   NOT NULL DEFAULT ''                   -- the authority's reference
);
CREATE INDEX counterfeit_due ON counterfeit (due_on) WHERE reported_at IS NULL;
-- Categories of notes and coins as data: what each means for the credit and for the piece.
CREATE TABLE note_category (
    category text PRIMARY KEY,
    name     text    NOT NULL,
    kept     boolean NOT NULL,                                -- false: handed back
    credited boolean NOT NULL,
    reported boolean NOT NULL,
    source   text    NOT NULL
);
INSERT INTO note_category (category, name, kept, credited, reported, source) VALUES
    ('1', 'no banknote of the currency: rejected and handed back', false, false, false, 'ECB/2010/14, annex IIa'),
    ('2', 'suspected counterfeit', true, false, true, 'ECB/2010/14, annex IIa'),
    ('3', 'not clearly authenticated', true, true, false, 'ECB/2010/14, annex IIa'),
    ('4a', 'genuine and fit', true, true, false, 'ECB/2010/14, annex IIa'),
    ('4b', 'genuine and unfit', true, true, false, 'ECB/2010/14, annex IIa');
-- The pieces of a deposit's detail whose category may say something: told by themselves as suspects, or among the denominations; of those
-- at most 200 of a line, one by one.
CREATE FUNCTION pieces_by_category(detail json, deposited text)
RETURNS TABLE (value_minor bigint, currency text, category text, serial text) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (s ->> 'value_minor')::bigint, coalesce(s ->> 'currency', deposited), coalesce(s ->> 'category', '2'), coalesce(s ->> 'serial', '')
    FROM json_array_elements(detail -> 'suspects') s
    UNION ALL
    SELECT (p ->> 'value_minor')::bigint, deposited, p ->> 'category', ''
    FROM json_array_elements(detail -> 'denominations') p, generate_series(1, least((p ->> 'count')::bigint, 200))
$$;

-- An event with all that a courier needs.
CREATE TABLE pickup_request (
    pickup_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terminal_id text   NOT NULL REFERENCES safe,
    stay_id     bigint,
    courier_id  text,
    reason      text   NOT NULL CHECK (reason IN ('threshold', 'forecast', 'alarm', 'asked')),
    needed_by   timestamptz,
    content     jsonb  NOT NULL,                              -- site, address, placement, contact, cassette, fill, expected by value
    state       text   NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'done', 'cancelled')),
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by  text   NOT NULL DEFAULT ''
);
CREATE INDEX pickup_request_terminal ON pickup_request (terminal_id, pickup_id);
CREATE UNIQUE INDEX pickup_request_open ON pickup_request (terminal_id) WHERE state IN ('open', 'accepted');

-- Fees of a client from a day on; the newest that has begun holds. terms: {"per_deposit_minor", "per_note": "0.01" minor units as a
-- decimal, "per_coin", "percent_basis_points", "smallest_minor", "largest_minor", "monthly_minor", "early_credit_basis_points" a year,
-- "per_pickup_minor", "per_count_minor", "vat_basis_points"}; the account's currency.
CREATE TABLE safe_fee (
    account_id bigint NOT NULL REFERENCES account,
    valid_from date   NOT NULL,
    version    integer NOT NULL,
    terms      jsonb  NOT NULL,
    who        text   NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, valid_from, version)
);

-- Certificates of devices. serial: hexadecimal, as the certificate says.
CREATE TABLE device_certificate (
    serial      text   COLLATE "C" PRIMARY KEY CHECK (serial ~ '^[0-9a-f]{1,40}$'),
    terminal_id text   NOT NULL REFERENCES terminal,
    public_key  bytea  NOT NULL CHECK (octet_length(public_key) = 32),  -- SHA-256 of its SubjectPublicKeyInfo
    certificate text   NOT NULL,                              -- PEM
    not_before  timestamptz NOT NULL,
    not_after   timestamptz NOT NULL,
    issued_by   text   NOT NULL,
    issued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz,
    reason      text   NOT NULL DEFAULT '',
    CHECK (not_after > not_before)
);
CREATE INDEX device_certificate_terminal ON device_certificate (terminal_id);
-- Raised by every change of a certificate; its lock makes versions come in the order of commits, so that a host that has seen one has
-- seen all before it.
CREATE TABLE certificate_version (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version bigint NOT NULL);
INSERT INTO certificate_version (version) VALUES (0);
ALTER TABLE device_certificate ADD COLUMN version bigint NOT NULL DEFAULT 0;
CREATE FUNCTION device_certificate_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE certificate_version SET version = version + 1 RETURNING version INTO NEW.version;
    RETURN NEW;
END $$;
CREATE TRIGGER moved BEFORE INSERT OR UPDATE ON device_certificate FOR EACH ROW EXECUTE FUNCTION device_certificate_moved();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON device_certificate FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE INDEX device_certificate_version ON device_certificate (version);
CREATE INDEX device_certificate_key ON device_certificate (public_key);

-- What a receipt says of the parties is what they were when it was first made; the journal has the rest. seal: keyed, over digest and parties.
CREATE TABLE receipt (
    key       text  COLLATE "C" PRIMARY KEY,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
    parties   json  NOT NULL,
    seal      bytea NOT NULL CHECK (octet_length(seal) = 32)
);
-- A row a printing, so that a copy is known as one. number 0: the original; request: the Idempotency-Key.
CREATE TABLE receipt_print (
    key     text COLLATE "C" NOT NULL REFERENCES receipt,
    number  integer NOT NULL CHECK (number >= 0),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    who     text NOT NULL,
    form    text NOT NULL,
    request text COLLATE "C" NOT NULL,
    PRIMARY KEY (key, number),
    UNIQUE (key, who, request)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_print FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Pieces that went into a safe on a day of its own clock, as one closed business date told them; written once a business date.
CREATE TABLE safe_day (
    terminal_id   text NOT NULL,
    local_day     date NOT NULL,
    business_date date NOT NULL,
    notes         bigint  NOT NULL,
    coins         bigint  NOT NULL,
    deposits      integer NOT NULL,
    PRIMARY KEY (terminal_id, local_day, business_date)
);
CREATE TABLE safe_day_done (business_date date PRIMARY KEY);

-- Roles of the cash cycle beside those of fleets. A client's and a cashier's scope is an account, a bank's a bank, a courier's a courier.
ALTER TABLE access
    DROP CONSTRAINT access_role_check, DROP CONSTRAINT access_check, DROP CONSTRAINT access_check1,
    ADD COLUMN bank_id    text REFERENCES bank,
    ADD COLUMN courier_id text REFERENCES courier,
    ADD CONSTRAINT access_role CHECK (role IN ('administrator', 'analyst', 'fleet', 'station', 'client', 'cashier', 'bank', 'courier', 'monitoring')),
    ADD CONSTRAINT access_account CHECK ((role IN ('fleet', 'client', 'cashier')) = (account_id IS NOT NULL)),
    ADD CONSTRAINT access_site CHECK ((role = 'station') = (site_id IS NOT NULL)),
    ADD CONSTRAINT access_bank CHECK ((role = 'bank') = (bank_id IS NOT NULL)),
    ADD CONSTRAINT access_courier CHECK ((role = 'courier') = (courier_id IS NOT NULL));
