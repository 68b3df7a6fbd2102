-- Which authorization covers a capture that does not name it, and so no later one: it was found by approval code, or by likeness
-- (clearing/engine/matching.py).
CREATE TABLE capture_match (
    journal_date  date    NOT NULL,
    journal_id    bigint  NOT NULL,
    run_no        integer NOT NULL,
    authorization_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (journal_date, journal_id)
);
CREATE INDEX capture_match_authorization ON capture_match (authorization_key);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON capture_match FOR EACH STATEMENT EXECUTE FUNCTION append_only();
