-- Stations: what they may do without the host, their catalogue by version, what their terminals tell, shifts, and parked rows in work.

-- What an administrator lets a site, or one terminal of it, do. A terminal's own value goes before its site's; null: not said here.
-- ages: [[hours up to, percent of the floor limit], ...], growing; a catalogue that is older than the last one sells nothing.
CREATE TABLE station_rules (
    rules_id          bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id           text    UNIQUE REFERENCES site,
    terminal_id       text    UNIQUE REFERENCES terminal,
    offline_permitted boolean,
    floor_minor       bigint  CHECK (floor_minor >= 0),
    currency          text    CHECK (currency ~ '^[A-Z]{3}$'),
    ages              jsonb,
    receipt           text[],
    profile           text,                                -- whose codes of products its terminals use; '': those inside
    CHECK (num_nonnulls(site_id, terminal_id) = 1)
);

-- Each terminal of a station with what holds for it.
CREATE VIEW station_terminal AS
SELECT t.terminal_id, t.site_id, t.acquirer_id, t.status,
       coalesce(o.offline_permitted, s.offline_permitted, false) AND t.status = 'active' AND m.status = 'active' AS offline_permitted,
       coalesce(o.floor_minor, s.floor_minor, 0) AS floor_minor, coalesce(o.currency, s.currency, 'EUR') AS currency,
       coalesce(o.ages, s.ages, '[[12, 100], [24, 70]]') AS ages, coalesce(o.receipt, s.receipt, '{}') AS receipt,
       coalesce(o.profile, s.profile, '') AS profile
FROM terminal t
JOIN merchant m ON m.merchant_id = t.merchant_id
LEFT JOIN station_rules s ON s.site_id = t.site_id
LEFT JOIN station_rules o ON o.terminal_id = t.terminal_id
WHERE t.kind = 'pos' AND t.site_id IS NOT NULL;

-- The public halves of the keys that sign catalogues; the private half is hsm_key 'catalogue/signer', its version this number.
-- The greatest number with signs_since signs: a new key is made known to terminals before it does.
CREATE TABLE catalogue_key (
    number      integer     PRIMARY KEY CHECK (number > 0),
    public_key  bytea       NOT NULL CHECK (octet_length(public_key) = 65),  -- P-256, uncompressed
    signs_since timestamptz
);

-- One line of versions for all sites. sites: for whom something changed, null for all. A version is never changed.
CREATE TABLE catalogue_version (
    version       bigint      PRIMARY KEY,
    issued_at     timestamptz NOT NULL,
    sites         text[],
    changes       bigint      NOT NULL,                    -- entries that began or ended with it; 0: only its date is new
    rules_version bigint      NOT NULL
);

-- One thing that a catalogue says, from version `since` to the one before `until`. It is said to the terminals that it is for:
-- sites, currency, terminal_id, profile; null is any. No terminal is ever said two things under one key at one version.
CREATE TABLE catalogue_entry (
    entry_id    bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    section     text    NOT NULL CHECK (section IN ('products', 'prices', 'cards', 'blocklist', 'rules', 'home')),
    key         text    COLLATE "C" NOT NULL,
    account_id  bigint,
    sites       text[],
    currency    text,
    terminal_id text,
    profile     text,
    value       text    NOT NULL,                          -- JSON
    since       bigint  NOT NULL,
    until       bigint
);
CREATE INDEX catalogue_since ON catalogue_entry (since);
CREATE INDEX catalogue_until ON catalogue_entry (until) WHERE until IS NOT NULL;
CREATE INDEX catalogue_account ON catalogue_entry (account_id) WHERE until IS NULL;

-- How far it is built. One row, locked by whoever builds. horizon: differences from older versions are not known any more.
CREATE TABLE catalogue_built (
    only_row      boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    version       bigint      NOT NULL DEFAULT 0,
    horizon       bigint      NOT NULL DEFAULT 1,
    rules_version bigint      NOT NULL DEFAULT 0,
    month         text        NOT NULL DEFAULT '',         -- YYMM: cards expire with a month
    renewed_at    timestamptz,                             -- when the newest version for all sites was made
    prices_until  timestamptz                              -- when the first of the prices ends; null: none does
);
INSERT INTO catalogue_built DEFAULT VALUES;
CREATE TABLE catalogue_fence (account_id bigint PRIMARY KEY REFERENCES account, fence bigint NOT NULL);

-- What a terminal told last, and before. at: by its own clock. Times are the host's business time.
CREATE TABLE station_heartbeat (
    terminal_id       text        NOT NULL REFERENCES terminal,
    received_at       timestamptz NOT NULL,
    at                timestamptz NOT NULL,
    software          text        NOT NULL,
    catalogue_version bigint      NOT NULL,
    catalogue_refused text        NOT NULL,
    unsent            integer     NOT NULL,
    oldest_unsent_at  timestamptz,
    shift             text        NOT NULL,
    shift_state       text        NOT NULL,
    link_age_s        bigint      NOT NULL,
    last_sequence     text        NOT NULL
);
CREATE INDEX station_heartbeat_terminal ON station_heartbeat (terminal_id, received_at DESC);
CREATE INDEX station_heartbeat_at ON station_heartbeat (received_at);
CREATE TABLE station_latest (LIKE station_heartbeat, PRIMARY KEY (terminal_id), FOREIGN KEY (terminal_id) REFERENCES terminal);

-- What somebody should look at: an alarm while its condition lasts, an event when it begins and ends, and events without one.
CREATE TABLE station_alarm (
    terminal_id text        NOT NULL REFERENCES terminal,
    kind        text        NOT NULL,
    since       timestamptz NOT NULL,
    detail      json        NOT NULL,
    PRIMARY KEY (terminal_id, kind)
);
CREATE TABLE station_event (
    event_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    site_id     text        NOT NULL,
    terminal_id text        NOT NULL,
    kind        text        NOT NULL,                      -- silent, unsent, catalogue_refused, clock, shift_differs, shift_balanced, ...
    state       text        NOT NULL CHECK (state IN ('raised', 'cleared', 'happened')),
    detail      json        NOT NULL
);
CREATE INDEX station_event_site ON station_event (site_id, event_id);

-- A shift as its terminal told it. Other content is another attempt; the attempt that balanced closes the shift for good.
CREATE TABLE station_shift (
    terminal_id  text        NOT NULL REFERENCES terminal,
    shift        text        COLLATE "C" NOT NULL,
    attempt      integer     NOT NULL CHECK (attempt > 0),
    digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),  -- SHA-256 of what was told
    told         json        NOT NULL,
    day          date        NOT NULL,
    last_day     date        NOT NULL,
    from_sequence text       NOT NULL,                     -- '': the whole day
    to_sequence  text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('balanced', 'differs')),
    answer       json        NOT NULL,
    wants_upload boolean     NOT NULL,
    received_at  timestamptz NOT NULL,
    closed_at    timestamptz,
    PRIMARY KEY (terminal_id, shift, attempt),
    CHECK ((state = 'balanced') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX station_shift_closed ON station_shift (terminal_id, shift) WHERE state = 'balanced';
CREATE INDEX station_shift_upload ON station_shift (terminal_id) WHERE wants_upload;

-- Every step of a reconciliation: totals compared, transactions compared.
CREATE TABLE station_shift_step (
    step_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terminal_id text        NOT NULL,
    shift       text        COLLATE "C" NOT NULL,
    attempt     integer     NOT NULL,
    at          timestamptz NOT NULL,
    step        text        NOT NULL CHECK (step IN ('totals', 'transactions')),
    told        json        NOT NULL,
    answer      json        NOT NULL,
    FOREIGN KEY (terminal_id, shift, attempt) REFERENCES station_shift
);
CREATE INDEX ON station_shift_step (terminal_id, shift);

CREATE FUNCTION station_shift_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'shift % of % is closed: % refused', OLD.shift, OLD.terminal_id, TG_OP;
END $$;
CREATE TRIGGER is_final BEFORE UPDATE OR DELETE ON station_shift
    FOR EACH ROW WHEN (OLD.state = 'balanced') EXECUTE FUNCTION station_shift_is_final();

-- The totals of a business date that is over: no row is dated so any more.
CREATE TABLE station_day (
    business_date date        NOT NULL,
    terminal_id   text        NOT NULL,
    lines         json        NOT NULL,
    as_of         timestamptz NOT NULL,
    PRIMARY KEY (business_date, terminal_id)
);

-- Work on parked rows. A row of `parked` is never changed; one without a row here waits.
CREATE TABLE parked_work (
    parked_id bigint  PRIMARY KEY REFERENCES parked,
    state     text    NOT NULL CHECK (state IN ('waits', 'posted', 'settled')),
    tries     integer NOT NULL,
    outcome   text    NOT NULL,                            -- of the last try
    changed_at timestamptz NOT NULL
);
CREATE TABLE parked_step (
    step_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parked_id bigint      NOT NULL REFERENCES parked,
    at        timestamptz NOT NULL,
    who       text        NOT NULL,
    what      text        NOT NULL CHECK (what IN ('tried', 'posted', 'settled')),
    why       text        NOT NULL
);
CREATE INDEX ON parked_step (parked_id);
-- The key names the terminal; the content may hold what cannot be read as text.
CREATE INDEX parked_terminal ON parked (split_part(key, '/', 2));
