-- Release: what is proved before a run's files are shown, who let them out, where each went, and what became of it.

-- Whose a file is: 'bank/NLB', 'account/10', 'merchant/SHOP'; '' is nobody's in particular. Routes of delivery ask for it.
ALTER TABLE clearing_file ADD COLUMN recipient text COLLATE "C" NOT NULL DEFAULT '';

-- Control totals at every hop, as the first verification found them. A hop is equal to the one before it, by its rule, or nothing is released.
CREATE TABLE run_control (
    run_id    text   COLLATE "C" NOT NULL,
    hop       text   NOT NULL CHECK (hop IN ('journal', 'placed', 'ledger', 'credits', 'files')),
    kind      text   COLLATE "C" NOT NULL,                    -- of journal row, of credit, of file: what the hop counts
    currency  text   NOT NULL,                                -- '' for what has no money
    count     bigint NOT NULL,
    sum_minor bigint NOT NULL,
    digest    text   NOT NULL,                                -- of the rows, whatever their order
    PRIMARY KEY (run_id, hop, kind, currency)
);

-- Who started a run, and who let its files out: where the settings want two, never the same.
CREATE TABLE run_person (
    run_id text COLLATE "C" NOT NULL,
    act    text NOT NULL CHECK (act IN ('started', 'approved')),
    who    text NOT NULL CHECK (who <> ''),
    at     timestamptz NOT NULL DEFAULT now(),
    manifest_digest text,                                     -- what exactly was approved
    PRIMARY KEY (run_id, act, who),
    CHECK ((act = 'approved') = (manifest_digest IS NOT NULL))
);
CREATE UNIQUE INDEX run_person_approved ON run_person (run_id) WHERE act = 'approved';

-- The life of a file. This is the only place that says which state follows which; '' is before it is known.
CREATE TABLE file_step (
    before text NOT NULL,
    after  text NOT NULL,
    PRIMARY KEY (before, after)
);
INSERT INTO file_step (before, after) VALUES
    ('',                'generated'),
    ('generated',       'verified'),
    ('verified',        'released'),
    ('released',        'delivered'),
    -- A file that was carried by hand is answered without our having delivered it; and a bank may book without a word before.
    ('released',        'acknowledged'), ('released',        'accepted'), ('released',        'partly_rejected'), ('released',        'rejected'),
    ('released',        'booked'),       ('released',        'reconciled'),
    ('delivered',       'acknowledged'), ('delivered',       'accepted'), ('delivered',       'partly_rejected'), ('delivered',       'rejected'),
    ('delivered',       'booked'),       ('delivered',       'reconciled'),
    ('acknowledged',    'accepted'),     ('acknowledged',    'partly_rejected'), ('acknowledged',    'rejected'),
    ('acknowledged',    'booked'),       ('acknowledged',    'reconciled'),
    -- What was accepted may still be refused when it is to be settled.
    ('accepted',        'partly_rejected'), ('accepted',     'rejected'), ('accepted',        'booked'), ('accepted', 'reconciled'),
    ('partly_rejected', 'rejected'),     ('partly_rejected', 'booked'),   ('partly_rejected', 'reconciled'),
    ('booked',          'reconciled');

CREATE TABLE file_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id   text  COLLATE "C" NOT NULL,
    path     text  COLLATE "C" NOT NULL CHECK (path <> ''),   -- below the run's folder, as in clearing_file
    state    text  NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    who      text  NOT NULL CHECK (who <> ''),                -- a person, a bank, or 'night'
    detail   jsonb NOT NULL DEFAULT '{}'
);
-- No state comes back: a path through the steps never does.
CREATE UNIQUE INDEX file_event_once ON file_event (run_id, path, state);

CREATE FUNCTION file_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.run_id, a.path, a.state, coalesce(before.state, '') AS before INTO bad
    FROM added a
    LEFT JOIN (SELECT DISTINCT ON (n.event_id) n.event_id, e.state
               FROM added n JOIN file_event e ON e.run_id = n.run_id AND e.path = n.path AND e.event_id < n.event_id
               ORDER BY n.event_id, e.event_id DESC) before USING (event_id)
    WHERE NOT EXISTS (SELECT FROM file_step s WHERE s.before = coalesce(before.state, '') AND s.after = a.state)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'file % of run % is %, and cannot become %', bad.path, bad.run_id,
            coalesce(nullif(bad.before, ''), 'unknown here'), bad.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER file_event_follows AFTER INSERT ON file_event
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION file_event_follows();

-- What lies before what, over any number of steps: a word that comes late changes nothing.
CREATE VIEW file_passed AS
WITH RECURSIVE walk (before, after) AS (
    SELECT before, after FROM file_step
    UNION
    SELECT w.before, s.after FROM walk w JOIN file_step s ON s.before = w.after
)
SELECT before, after FROM walk;

-- The state that each file is in now.
CREATE VIEW file_state AS
SELECT DISTINCT ON (run_id, path) run_id, path, state, at, who, detail FROM file_event ORDER BY run_id, path, event_id DESC;

-- Where files of a kind go to, from a day on. A row says whose files, of which kinds, to which place, and not before which time.
CREATE TABLE delivery_route (
    route_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text   COLLATE "C" NOT NULL UNIQUE,
    recipient  text   COLLATE "C" NOT NULL DEFAULT '*',       -- 'bank/NLB', 'account/*', '*': as clearing_file.recipient, with wildcards
    kinds      text[] NOT NULL DEFAULT '{*}',                 -- wildcards of clearing_file.kind
    paths      text[] NOT NULL DEFAULT '{*}',                 -- wildcards of clearing_file.path
    target     jsonb  NOT NULL,                               -- clearing/release/targets.py
    not_before time,                                          -- on the route's clock; null: at once
    time_zone  text   NOT NULL DEFAULT 'UTC',
    valid_from date   NOT NULL,                               -- the first business date whose files go this way
    status     text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'closed'))
);

-- The runs whose files have been looked through for a route: a change of the route holds for those that are released after it.
CREATE TABLE delivery_planned (
    route_id bigint NOT NULL REFERENCES delivery_route,
    run_id   text   COLLATE "C" NOT NULL,
    PRIMARY KEY (route_id, run_id)
);

-- '*' stands for anything; nothing else stands for anything but itself.
CREATE FUNCTION matches_wildcard(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT $1 LIKE replace(replace(replace(replace($2, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')
$$;

-- What each route has to bring: one row a file. The bytes are those of the manifest, or nothing is sent.
CREATE TABLE delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route_id    bigint  NOT NULL REFERENCES delivery_route,
    run_id      text    COLLATE "C" NOT NULL,
    path        text    COLLATE "C" NOT NULL,
    sha256      text    NOT NULL,
    state       text    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
    handing_over boolean NOT NULL DEFAULT false,              -- it may be there: a try has begun to give it its name, and nothing has said no
    tries       integer NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL,
    said        text    NOT NULL DEFAULT '',                  -- why the last try failed
    receipt     jsonb,                                        -- where it lies, since when, of how many bytes
    delivered_at timestamptz,
    UNIQUE (route_id, run_id, path),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX delivery_due ON delivery (route_id, due_at) WHERE state = 'waiting';
CREATE INDEX delivery_file ON delivery (run_id, path);

-- What was delivered stays so.
CREATE FUNCTION delivery_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'delivered'
       OR (NEW.delivery_id, NEW.route_id, NEW.run_id, NEW.path, NEW.sha256) IS DISTINCT FROM
          (OLD.delivery_id, OLD.route_id, OLD.run_id, OLD.path, OLD.sha256) THEN
        RAISE EXCEPTION 'delivery % only goes forward', OLD.delivery_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER delivery_forward BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION delivery_forward();

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['run_control', 'run_person', 'file_event'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON delivery FOR EACH STATEMENT EXECUTE FUNCTION append_only();
