-- The parts of a run: the files of its night (''), and pages that are made later. Each has a manifest, an approval and a release of its own; a
-- path is in one of them.
ALTER TABLE clearing_file ADD COLUMN part text COLLATE "C" NOT NULL DEFAULT '' CHECK (part IN ('', 'documents'));

CREATE TABLE run_addendum (
    run_id          text COLLATE "C" NOT NULL REFERENCES clearing_run,
    part            text COLLATE "C" NOT NULL CHECK (part = 'documents'),
    status          text NOT NULL CHECK (status IN ('verified', 'done')),
    manifest_digest text NOT NULL CHECK (manifest_digest ~ '^[0-9a-f]{64}$'),
    verified_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, part)
);

-- What was verified stays so; it can be shown, and nothing else becomes of it.
CREATE FUNCTION run_addendum_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'done' OR (NEW.run_id, NEW.part, NEW.manifest_digest, NEW.verified_at) IS DISTINCT FROM
                              (OLD.run_id, OLD.part, OLD.manifest_digest, OLD.verified_at) THEN
        RAISE EXCEPTION 'the % of run % only go forward', OLD.part, OLD.run_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER run_addendum_forward BEFORE UPDATE ON run_addendum FOR EACH ROW EXECUTE FUNCTION run_addendum_forward();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON run_addendum FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE VIEW run_part AS
SELECT run_id, '' COLLATE "C" AS part, status, manifest_digest, business_date, posted_at, settings FROM clearing_run
UNION ALL
SELECT a.run_id, a.part, a.status, a.manifest_digest, r.business_date, r.posted_at, r.settings
FROM run_addendum a JOIN clearing_run r USING (run_id);

-- Who starts a part does not approve it; who has approved the night's files has not seen the pages.
ALTER TABLE run_person ADD COLUMN part text COLLATE "C" NOT NULL DEFAULT '' CHECK (part IN ('', 'documents'));
ALTER TABLE run_person DROP CONSTRAINT run_person_pkey, ADD PRIMARY KEY (run_id, part, act, who);
DROP INDEX run_person_approved;
CREATE UNIQUE INDEX run_person_approved ON run_person (run_id, part) WHERE act = 'approved';

ALTER TABLE delivery_planned ADD COLUMN part text COLLATE "C" NOT NULL DEFAULT '' CHECK (part IN ('', 'documents'));
ALTER TABLE delivery_planned DROP CONSTRAINT delivery_planned_pkey, ADD PRIMARY KEY (route_id, run_id, part);
