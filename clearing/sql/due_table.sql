-- What is due tonight, deposit by deposit and item by item; gone with the transaction. Nothing is due twice, and what is due is found by its
-- key: nobody counts this table, and the planner would go through all of it for each item.
CREATE TEMPORARY TABLE due (
    source text COLLATE "C", key text COLLATE "C", account_id bigint, terminal_id text COLLATE "C", currency text COLLATE "C", amount_minor bigint,
    family text, journal_date date, journal_id bigint,
    place_id text COLLATE "C",                                -- what the client's posting logic makes of it
    single text COLLATE "C",
    loose boolean,
    PRIMARY KEY (key, source)
) ON COMMIT DROP
