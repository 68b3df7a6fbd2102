-- The claim and the journal. A claim is the one row a key may ever have, and the only thing that answers a repeat;
-- a journal row is one posting against one account, append-only. Both are written by one statement.

-- key = acquirer/terminal/class/date/sequence. The business date is only a column: PostgreSQL refuses a unique key
-- that lacks the partition column, and (date, key) would let a repeat after midnight in.
CREATE TABLE claim (
    key           text     COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint   bytea    NOT NULL,
    answer        bytea,                        -- null: late or a tombstone, the first repeat's decline fills it
    door          text     NOT NULL,            -- the dialect that the answer's bytes are in
    business_date date     NOT NULL,
    journal_id    bigint   NOT NULL,            -- 0: none (a tombstone, an alias)
    state         smallint NOT NULL,            -- authhost.states.State
    remaining     bigint   NOT NULL DEFAULT 0,  -- minor units that can still be given back
    expires_at    timestamptz,                  -- open holds and payment requests
    approval_code text,
    refers_to     text                          -- an alias (Idempotency-Key): the key it stands for
) PARTITION BY HASH (key);
DO $$ BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE claim_%s PARTITION OF claim FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END $$;
CREATE INDEX claim_expires ON claim (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX claim_open_approval ON claim (approval_code) WHERE expires_at IS NOT NULL AND approval_code IS NOT NULL;

-- Steps of eight: the legs of one message have the numbers that follow its own.
CREATE SEQUENCE journal_id INCREMENT BY 8 CACHE 64;

CREATE TABLE journal (
    business_date   date        NOT NULL,
    id              bigint      NOT NULL,
    key             text        COLLATE "C" NOT NULL,
    leg             smallint    NOT NULL CHECK (leg BETWEEN 0 AND 7),  -- 0 the message itself, then its further postings
    kind            text        NOT NULL,           -- authhost.model.Kind
    approved        boolean     NOT NULL,
    action          text        NOT NULL,           -- ISO 8583:1993 action code, DE39
    reason          text        NOT NULL,           -- 'approved', or what it was declined for
    approval_code   text        NOT NULL,
    requested_minor bigint      NOT NULL,
    amount_minor    bigint      NOT NULL,           -- approved; given back for a reversal
    posted_minor    bigint      NOT NULL,           -- signed: what the clearing books (0 for a hold, negative for a late reversal)
    currency        text        NOT NULL,
    terminal_id     text        NOT NULL,
    merchant_id     text        NOT NULL,
    site_id         text        NOT NULL,
    original_key    text        NOT NULL,           -- '' where there is none
    flags           text        NOT NULL,           -- comma separated: what an advice broke, why a credit is withheld
    pan_masked      text        NOT NULL,
    decided_at      timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    rules_version   bigint      NOT NULL,
    -- The signed effect on every counter, with the windows that the function chose: hydration is a plain SUM.
    account_id      bigint,
    fence           bigint      NOT NULL,
    card_id         bigint,
    vehicle_id      bigint,
    driver_id       bigint,
    day             integer     NOT NULL,
    week            integer     NOT NULL,
    month           integer     NOT NULL,
    money           bigint      NOT NULL,
    volume          bigint      NOT NULL,           -- millilitres
    count           integer     NOT NULL,
    detail          json        NOT NULL,           -- items, denominations, purpose: what the files print
    PRIMARY KEY (business_date, id)
) PARTITION BY RANGE (business_date);
CREATE INDEX journal_effect ON journal (account_id, fence) WHERE money <> 0 OR volume <> 0 OR count <> 0;

-- Append-only, and not by custom.
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % of % refused', TG_OP, OLD.key;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();

-- A month of business dates is a partition; a closed year can be detached whole.
CREATE FUNCTION journal_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', day);
    name  text := format('journal_%s', to_char(first, 'YYYYMM'));
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES FROM (%L) TO (%L)',
                       name, first, first + interval '1 month');
    END IF;
END $$;

-- What could not be posted: kept apart, seen, never dropped (invariants 4 and 10).
CREATE TABLE parked (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    key         text  NOT NULL,
    fingerprint bytea NOT NULL,
    why         text  NOT NULL,
    content     json  NOT NULL,
    UNIQUE (key, fingerprint)
);

-- Who changed a card, a limit, a terminal: one row a change.
CREATE TABLE audit (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    who  text NOT NULL,
    what text NOT NULL
);

-- A batch on its way in: one value, a column an array, in the order of authhost.journal.entry.Entry.
CREATE TYPE batch AS (
    key             text[],
    leg             smallint[],
    fingerprint     bytea[],
    answer          bytea[],
    door            text[],
    state           smallint[],
    remaining       bigint[],
    expires_us      bigint[],
    approval_code   text[],
    alias           text[],
    kind            text[],
    approved        boolean[],
    action          text[],
    reason          text[],
    requested_minor bigint[],
    amount_minor    bigint[],
    posted_minor    bigint[],
    currency        text[],
    terminal_id     text[],
    merchant_id     text[],
    site_id         text[],
    original_key    text[],
    flags           text[],
    pan_masked      text[],
    decided_ms      bigint[],
    rules_version   bigint[],
    deadline_us     bigint[],
    account_id      bigint[],
    fence           bigint[],
    card_id         bigint[],
    vehicle_id      bigint[],
    driver_id       bigint[],
    day             integer[],
    week            integer[],
    month           integer[],
    money           bigint[],
    volume          bigint[],
    count           integer[],
    detail          json[]
);
