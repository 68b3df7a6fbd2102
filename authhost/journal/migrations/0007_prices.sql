-- Prices: contracts of fleets, base prices from wholesale lists, VAT rates. All of it is append-only: what a sale was priced by stays to be seen.
-- Whatever is added here raises the rules version by itself, so that no host prices by what was in force before. See docs/prices.md.

ALTER TABLE site ADD COLUMN country text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$');  -- ISO 3166-1; '': not told

-- Writers of prices stand in one queue: ids are committed in their order, and a host may read on from the last one that it has seen.
CREATE FUNCTION prices_one_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(8583, 7);
    RETURN NULL;
END $$;

-- The table's lock, for a share lock on the row passes a waiting update by; see clearing/close.py.
CREATE FUNCTION prices_raise_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added) THEN
        LOCK TABLE rules IN EXCLUSIVE MODE;
        UPDATE rules SET version = version + 1;
    END IF;
    RETURN NULL;
END $$;

-- A list as it came: which file, by whom, when.
CREATE TABLE price_import (
    import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source    text        NOT NULL CHECK (source ~ '^[A-Z0-9][A-Z0-9_.-]{0,31}$'),
    file      text        NOT NULL DEFAULT '',             -- its name, as a help to a person
    sha256    text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    reason    text        NOT NULL DEFAULT '',             -- why it changes prices that stand already
    rows      integer     NOT NULL CHECK (rows >= 0),      -- in the file
    who       text        NOT NULL CHECK (who <> ''),
    at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX price_import_sha256 ON price_import (sha256);

-- One base price. It holds from valid_from until the next one of its series, at the latest until valid_until. A series is a source's product at a
-- temperature in a currency. A corrected price is a further version for the same instant; the highest counts.
CREATE TABLE base_price (
    base_price_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_id     bigint      NOT NULL REFERENCES price_import,
    source        text        NOT NULL,
    product       text        NOT NULL REFERENCES product,
    temperature   text        NOT NULL CHECK (temperature IN ('15C', '20C', '60F', 'ambient', 'none')),
    currency      text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from    timestamptz NOT NULL CHECK (isfinite(valid_from)),
    version       integer     NOT NULL DEFAULT 1 CHECK (version > 0),
    valid_until   timestamptz CHECK (valid_until > valid_from AND isfinite(valid_until)),
    price         numeric     NOT NULL CHECK (price > 0 AND price < 1000000000 AND scale(price) <= 6),
    unit          text        NOT NULL,
    tax_basis     text        NOT NULL CHECK (tax_basis IN ('net', 'gross')),
    UNIQUE (source, product, temperature, currency, valid_from, version)
);

-- A version of a fleet's contract, whole: its lines are one JSON list, see authhost/pricing/terms.py. At an instant the highest version in force counts.
CREATE TABLE price_contract (
    contract_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    contract    text        NOT NULL CHECK (contract ~ '^[0-9A-Za-z][0-9A-Za-z _./-]{0,39}$'),
    version     integer     NOT NULL CHECK (version > 0),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from  timestamptz NOT NULL CHECK (isfinite(valid_from)),
    valid_until timestamptz CHECK (isfinite(valid_until)),
    period      tstzrange   NOT NULL GENERATED ALWAYS AS (tstzrange(valid_from, valid_until)) STORED,
    lines       jsonb       NOT NULL CHECK (jsonb_typeof(lines) = 'array'),
    reason      text        NOT NULL DEFAULT '',
    who         text        NOT NULL CHECK (who <> ''),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (valid_until > valid_from),
    UNIQUE (account_id, contract, version)
);

-- What no constraint can say: versions count up by one, no version names a product and place twice, and no other contract of the fleet that is in
-- force then names the same product and place in the same currency. Of a contract that has later versions, what they leave of it counts.
CREATE FUNCTION price_contract_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    IF NEW.version <> 1 + coalesce((SELECT max(version) FROM price_contract WHERE account_id = NEW.account_id AND contract = NEW.contract
                                    AND contract_id <> NEW.contract_id), 0) THEN
        RAISE EXCEPTION 'contract % of account %: version % does not follow the last', NEW.contract, NEW.account_id, NEW.version
            USING ERRCODE = 'unique_violation';
    END IF;
    SELECT line->>'product' AS product, coalesce(line->>'site', '') AS site, coalesce(line->>'region', '') AS region INTO bad
    FROM jsonb_array_elements(NEW.lines) line GROUP BY 1, 2, 3 HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'contract % names % twice at the same place (site "%", region "%")', NEW.contract, bad.product, bad.site, bad.region
            USING ERRCODE = 'exclusion_violation';
    END IF;
    SELECT other.contract, other.version, ours->>'product' AS product INTO bad
    FROM (SELECT c.contract, c.version, c.lines, tstzmultirange(c.period) - coalesce(
                     (SELECT range_agg(l.period) FROM price_contract l
                      WHERE l.account_id = c.account_id AND l.contract = c.contract AND l.version > c.version), '{}') AS in_force
          FROM price_contract c
          WHERE c.account_id = NEW.account_id AND c.contract <> NEW.contract AND c.currency = NEW.currency AND c.period && NEW.period) other,
         jsonb_array_elements(other.lines) theirs, jsonb_array_elements(NEW.lines) ours
    WHERE other.in_force && NEW.period
      AND ours->>'product' = theirs->>'product'
      AND coalesce(ours->>'site', '') = coalesce(theirs->>'site', '')
      AND coalesce(ours->>'region', '') = coalesce(theirs->>'region', '')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'contract % overlaps contract % version % on product %', NEW.contract, bad.contract, bad.version, bad.product
            USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER price_contract_fits AFTER INSERT ON price_contract FOR EACH ROW EXECUTE FUNCTION price_contract_fits();

-- A VAT rate from an instant on, until the next one of the same product and place. Site before country before everywhere; product, group, any.
CREATE TABLE vat_rate (
    vat_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product      text        NOT NULL CHECK (product ~ '^([0-9A-Za-z]{1,12}|@[a-z][a-z0-9_]{0,31}|\*)$'),
    country      text        NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    site         text        NOT NULL DEFAULT '' CHECK (site = '' OR country = ''),
    valid_from   timestamptz NOT NULL CHECK (isfinite(valid_from)),
    basis_points integer     CHECK (basis_points BETWEEN 0 AND 10000),  -- 20 % is 2000; null: no rate of this line from here on
    who          text        NOT NULL CHECK (who <> ''),
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['price_import', 'base_price', 'price_contract', 'vat_rate'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
        EXECUTE format('CREATE TRIGGER one_at_a_time BEFORE INSERT ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION prices_one_at_a_time()', kept);
    END LOOP;
    FOREACH kept IN ARRAY ARRAY['base_price', 'price_contract', 'vat_rate'] LOOP
        EXECUTE format('CREATE TRIGGER raise_rules AFTER INSERT ON %I REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION prices_raise_rules()', kept);
    END LOOP;
END $$;
