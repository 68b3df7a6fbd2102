-- Collecting again what came back: under a new id, which names the debit before it; never while that one may still be paid.

-- Whether an order is over and the money is owed again: it came back after it was booked, or it was refused and never booked.
CREATE FUNCTION came_back(identifier text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(bool_or(fact = 'returned') OR (bool_or(fact = 'rejected') AND NOT bool_or(fact = 'booked')), false)
    FROM bank_fact WHERE end_to_end_id = identifier
$$;

ALTER TABLE clearing_debit
    ADD COLUMN before_id text COLLATE "C" NOT NULL DEFAULT '';  -- the debit of this invoice that came back; '': it is the first
DROP INDEX clearing_debit_once;
-- An invoice has one first debit, and each debit one at most that follows it, whichever night finds it.
CREATE UNIQUE INDEX clearing_debit_once ON clearing_debit (invoice, before_id) WHERE held IN ('', 'netted');

CREATE FUNCTION debit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    SELECT n.before_id INTO wrong FROM made n
    LEFT JOIN clearing_debit b ON b.end_to_end_id = n.before_id AND b.invoice = n.invoice AND b.held = ''
    WHERE n.before_id <> '' AND n.held IN ('', 'netted') AND (b.end_to_end_id IS NULL OR NOT came_back(b.end_to_end_id))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'debit % has not come back: nothing is collected again for it', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER debit_follows AFTER INSERT ON clearing_debit REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION debit_follows();

-- A mandate that a bank has ended stays so: what is to be collected then needs another one.
ALTER TABLE mandate
    ADD COLUMN ended_by text NOT NULL DEFAULT '',               -- the reason code with which a debit came back; '': nobody has
    ADD CONSTRAINT mandate_status_ended CHECK (ended_by = '' OR status = 'cancelled');
