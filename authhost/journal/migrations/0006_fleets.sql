-- Fleet cards in full: products and their groups, sub-accounts, prompts, meters, tanks, and the effects that every limit is summed from.

-- Products by their code inside: Conexxus' three digits, or the operator's own. Raises the rules version.
CREATE TABLE product (
    product text PRIMARY KEY CHECK (product ~ '^[0-9A-Za-z]{1,12}$'),
    name    text    NOT NULL,
    fuel    boolean NOT NULL DEFAULT false,
    unit    text    NOT NULL DEFAULT 'L'
);

-- What a profile calls a product, where it does not use the code inside.
CREATE TABLE product_code (
    profile text NOT NULL,
    code    text NOT NULL,
    product text NOT NULL REFERENCES product,
    PRIMARY KEY (profile, code)
);

-- What limits and lists of products may name in place of single codes. A product may be in several.
CREATE TABLE product_group (
    group_id integer PRIMARY KEY CHECK (group_id BETWEEN 1 AND 1023),
    name     text    NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$'),
    products text[]  NOT NULL
);

-- A department or cost centre of a fleet: limits of its own, within those of the fleet.
CREATE TABLE subaccount (
    subaccount_id bigint PRIMARY KEY,
    account_id    bigint NOT NULL REFERENCES account,
    name          text   NOT NULL,
    status        text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    limits        jsonb  NOT NULL DEFAULT '[]'
);

-- A limit is {"window", "measure", "maximum"} and, where it is meant, "hours" (window 'rolling'), "minutes" (window 'gap'), "group" (a product
-- group's name) and "watch": true (flags, does not refuse). See authhost/packing.py.
ALTER TABLE account
    ADD COLUMN products    text[],                         -- null: any; codes, or '@name' of a group
    ADD COLUMN sites       text[],                         -- null: any
    ADD COLUMN hours       integer[],                      -- null: any; seven masks of 24 bits, Monday first
    ADD COLUMN site_limits jsonb   NOT NULL DEFAULT '[]',  -- of this fleet at each site
    ADD COLUMN credit_line bigint,                         -- null: none; prepaid: 0. Used less paid in may not pass it
    ADD COLUMN prompts     jsonb   NOT NULL DEFAULT '[]',  -- [{"prompt": "odometer", "required": true, ...}], see authhost/prompts.py
    ADD COLUMN watch       jsonb   NOT NULL DEFAULT '{}',  -- {"hours": [...], "regions": [...]}: flagged outside them, not refused
    -- A typed card number is taken with this second factor: 'none' takes it never, 'open' without any.
    ADD COLUMN key_entry   text    NOT NULL DEFAULT 'none' CHECK (key_entry IN ('none', 'open', 'pin', 'driver_number', 'vehicle_number')),
    ADD COLUMN offline     boolean NOT NULL DEFAULT false; -- the administrator lets its cards buy off line
ALTER TABLE vehicle
    ADD COLUMN number      text    NOT NULL DEFAULT '',    -- what a driver types at the prompt; '' is its plate
    ADD COLUMN status      text    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    ADD COLUMN tank_ml     bigint  CHECK (tank_ml > 0),    -- null: not known
    ADD COLUMN meter_reset_fence bigint NOT NULL DEFAULT 0;  -- readings below this fence count no more
ALTER TABLE driver
    ADD COLUMN number      text    NOT NULL DEFAULT '',
    ADD COLUMN status      text    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed'));
ALTER TABLE card
    ADD COLUMN subaccount_id bigint REFERENCES subaccount,
    ADD COLUMN prompts     jsonb,                          -- null: the fleet's; otherwise in their place
    ADD COLUMN replaces    bigint REFERENCES card,
    ADD COLUMN block_reason text   NOT NULL DEFAULT '',    -- who blocked it: 'fleet', 'administrator'; '' where it is not
    ADD COLUMN offline_max_minor bigint NOT NULL DEFAULT 0 CHECK (offline_max_minor >= 0);  -- one purchase without the host; 0: none
ALTER TABLE program
    ADD COLUMN hold_minor  bigint NOT NULL DEFAULT 15000 CHECK (hold_minor > 0),  -- held where a pre-authorization names no amount
    ADD COLUMN hold_ml     bigint NOT NULL DEFAULT 150000 CHECK (hold_ml > 0),    -- litres held where it names no quantity
    ADD COLUMN hold_minutes integer CHECK (hold_minutes BETWEEN 1 AND 44640);  -- then a hold gives back by itself; null: after a day
ALTER TABLE site ADD COLUMN region text NOT NULL DEFAULT '';
CREATE INDEX vehicle_account ON vehicle (account_id);
CREATE INDEX driver_account ON driver (account_id);
CREATE INDEX subaccount_account ON subaccount (account_id);

-- The windows of a row are its minute (UTC, since 1970), day, week and month; quarter and year follow from the month.
-- products: 'code:money:volume;...' signed like the row itself; '*' is a hold that may become any product.
ALTER TABLE journal
    ADD COLUMN minute         integer NOT NULL DEFAULT 0,
    ADD COLUMN products       text    NOT NULL DEFAULT '',
    ADD COLUMN subaccount_id  bigint,
    ADD COLUMN second_card_id bigint,                      -- shown beside the one that is charged, and checked
    ADD COLUMN odometer       integer,                     -- kilometres, as typed in; null where nothing was
    ADD COLUMN engine_hours   integer;
ALTER TYPE batch ADD ATTRIBUTE minute integer[], ADD ATTRIBUTE products text[], ADD ATTRIBUTE subaccount_id bigint[],
    ADD ATTRIBUTE second_card_id bigint[], ADD ATTRIBUTE odometer integer[], ADD ATTRIBUTE engine_hours integer[],
    ADD ATTRIBUTE extends text[];
-- What moves no counter is in none of them.
DROP INDEX journal_effect;
CREATE INDEX journal_effect ON journal (account_id, fence) WHERE money <> 0 OR volume <> 0 OR count <> 0 OR products <> '';
CREATE INDEX journal_card ON journal (card_id, fence) WHERE money <> 0 OR volume <> 0 OR count <> 0 OR products <> '';
CREATE INDEX journal_vehicle ON journal (vehicle_id, fence) WHERE money <> 0 OR volume <> 0 OR count <> 0 OR products <> '';
CREATE INDEX journal_driver ON journal (driver_id, fence) WHERE money <> 0 OR volume <> 0 OR count <> 0 OR products <> '';
CREATE INDEX journal_second_card ON journal (second_card_id, fence) WHERE second_card_id IS NOT NULL;

-- An incremental authorization is a hold of its own that ends with the one it extends.
ALTER TABLE claim ADD COLUMN extends text COLLATE "C";
CREATE INDEX claim_extends ON claim (extends) WHERE extends IS NOT NULL;

-- A message has up to sixteen legs now: a hold may have been raised five times.
ALTER SEQUENCE journal_id INCREMENT BY 16;
ALTER TABLE journal DROP CONSTRAINT journal_leg_check, ADD CONSTRAINT journal_leg_check CHECK (leg BETWEEN 0 AND 15);

-- The shares of one row ('code:money:volume;...'), a row each. A message counts once for all that was bought together.
CREATE FUNCTION product_effects(shares text, times bigint) RETURNS TABLE (product text, money bigint, volume bigint, count bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2 AS $$
    SELECT split_part(share, ':', 1), split_part(share, ':', 2)::bigint, split_part(share, ':', 3)::bigint,
           CASE WHEN strpos(shares, ';') = 0 THEN times ELSE 0 END
    FROM string_to_table(shares, ';') share
    UNION ALL
    SELECT string_agg(split_part(share, ':', 1), ','), 0, 0, times
    FROM string_to_table(shares, ';') share WHERE strpos(shares, ';') > 0 AND times <> 0
    HAVING count(*) > 0
$$;

-- Sums of an account's rows below a fence, for what would be too many rows to sum at once: the account, its sub-accounts and sites.
-- scope: 'a', 'b', 's' and its entity. Within a month an hour is a row; what is older than that is a row a month (hour, day, week are 0).
-- product: '' is the whole.
CREATE TABLE rollup (
    account_id bigint  NOT NULL,
    scope      text    NOT NULL CHECK (scope IN ('a', 'b', 's')),
    entity     text    NOT NULL COLLATE "C",
    hour       integer NOT NULL,
    day        integer NOT NULL,
    week       integer NOT NULL,
    month      integer NOT NULL,
    product    text    NOT NULL COLLATE "C",
    funding    boolean NOT NULL,                           -- paid in: moves the balance alone
    money      bigint  NOT NULL,
    volume     bigint  NOT NULL,
    count      bigint  NOT NULL,
    PRIMARY KEY (account_id, scope, entity, hour, day, week, month, product, funding)
);
CREATE TABLE rolled (account_id bigint PRIMARY KEY REFERENCES account, fence bigint NOT NULL);

-- Who changed what through the API, and how it was before: one row a change.
ALTER TABLE audit
    ADD COLUMN role    text NOT NULL DEFAULT 'operator',
    ADD COLUMN subject text NOT NULL DEFAULT '',           -- 'card/17', 'account/101'
    ADD COLUMN change  json NOT NULL DEFAULT '{}';         -- {"field": [before, after], ...}
