-- What the catalogue is to say, gathered within one build.
CREATE TEMP TABLE wanted (
    section text NOT NULL, key text COLLATE "C" NOT NULL, account_id bigint, sites text[], currency text, terminal_id text,
    profile text, value text NOT NULL
) ON COMMIT DROP
