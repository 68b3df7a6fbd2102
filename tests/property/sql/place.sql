-- The rules of places in one statement, as a second opinion to the night's expressions (clearing/engine/placing.py).
-- Give every captured row of the stream's day its one place, and book it by its family's rule. A same-day reversal is booked as well as its
-- original: the books show what happened, and the two come to nothing. A verification books the exposure that it ends: what was cash in a
-- safe is cash that was counted.
-- A function of journal rows dated up to the day; the open list of an earlier run is only a shorter way to the same answer.
--
--   what books money   reversed   it and the same-day reversals and returns that give it back come to nothing
--                                 a return and its reversal of the same day: it has not taken place
--                      cleared    everything else, a reversal of an earlier day's row among it: it becomes a credit
--   a hold             cleared    its completion has come (the money is the completion's); with it what has raised it;
--                                 notes in escrow: their deposit is confirmed
--                      reversed   reversed or expired
--                      open       nothing has come yet
-- So the rows that are 'reversed' sum to zero, and the files carry what is 'cleared'.
-- $1 run id, $2 business date, $3 look-back days for the original of a late reversal, $4 stream, $5 ids of the authorizations that cover a
-- capture of the day, which is not this statement's to find
WITH given AS MATERIALIZED (
    -- What gives back, by its key: of the day, and of before where the day names it.
    SELECT j.business_date, j.id, j.key, j.account_id, j.original_key, j.posted_minor
    FROM journal j
    WHERE j.business_date BETWEEN $2::date - $3::int AND $2::date AND j.stream = $4 AND j.approved AND j.posted_minor <> 0
      AND j.kind IN ('reversal', 'return')
),
undone AS MATERIALIZED (
    -- Of one day, and come to nothing together.
    SELECT unnest(r.ids || a.ids) AS id
    FROM (SELECT key, account_id, sum(posted_minor) AS minor, array_agg(id) AS ids FROM given WHERE business_date = $2::date GROUP BY 1, 2) r
    JOIN (SELECT original_key AS key, account_id, sum(posted_minor) AS minor, array_agg(id) AS ids FROM given
          WHERE business_date = $2::date GROUP BY 1, 2) a ON a.key = r.key AND a.account_id IS NOT DISTINCT FROM r.account_id
    WHERE r.minor + a.minor = 0
),
meant AS MATERIALIZED (
    -- What a row gives back in the end: a reversal of a return gives back of the sale.
    SELECT g.id, coalesce(max(r.original_key), g.original_key) AS original_key
    FROM given g
    LEFT JOIN given r ON r.key = g.original_key AND r.account_id IS NOT DISTINCT FROM g.account_id
    WHERE g.business_date = $2::date
    GROUP BY g.id, g.original_key
),
day AS MATERIALIZED (
    SELECT j.id, j.key, j.leg, j.kind, j.account_id, j.merchant_id, coalesce(n.original_key, j.original_key) AS original_key, j.flags, j.currency, a.kind AS account_kind,
           CASE j.kind WHEN 'verification' THEN -j.money ELSE j.posted_minor END AS booked_minor,
           coalesce(sum(j.posted_minor) FILTER (WHERE u.id IS NULL) OVER original, 0) AS net, u.id IS NOT NULL AS undone,
           bool_or(j.kind IN ('reversal', 'return')) OVER original AS given_back,
           j.kind IN ('reversal', 'return') AS gives_back,
           -- Of a completion's legs one has the money; the others move its hold alone.
           coalesce(max(j.id) FILTER (WHERE j.kind NOT IN ('reversal', 'return') AND j.posted_minor <> 0) OVER original,
                    max(j.id) FILTER (WHERE j.kind NOT IN ('reversal', 'return')) OVER original) AS capture_id,
           -- An envelope, a cheque, or a client who is credited for what was counted.
           c.kind <> 'cash' OR (c.credit = 'none' AND c.withheld = '' AND c.state <> 'reversed') AS uncounted
    FROM journal j LEFT JOIN account a USING (account_id)
    LEFT JOIN meant n ON n.id = j.id
    LEFT JOIN undone u ON u.id = j.id
    LEFT JOIN deposit c ON c.key = j.key AND c.journal_id = j.id AND j.kind = 'deposit'
    WHERE j.business_date = $2::date AND j.stream = $4 AND j.approved
      AND (j.kind IN ('sale', 'offline_sale', 'completion', 'deposit', 'payment', 'payment_receipt', 'adjustment', 'verification')
           OR (j.kind IN ('reversal', 'return') AND j.posted_minor <> 0))
    WINDOW original AS (PARTITION BY CASE WHEN j.kind IN ('reversal', 'return') THEN coalesce(n.original_key, j.original_key) ELSE j.key END, j.account_id)
),
late AS (
    SELECT DISTINCT original_key FROM day
    WHERE gives_back AND capture_id IS NULL AND original_key <> ''
),
earlier AS (
    SELECT DISTINCT ON (o.key, o.account_id) o.key, o.account_id, o.business_date, o.id, o.kind, o.flags
    FROM journal o JOIN late ON late.original_key = o.key
    WHERE o.business_date >= $2::date - $3::int AND o.business_date < $2::date
      AND o.approved AND o.kind NOT IN ('reversal', 'return') AND o.posted_minor > 0
    ORDER BY o.key, o.account_id, o.business_date DESC, o.id DESC
),
sourced AS (
    SELECT d.*, e.business_date AS earlier_date, e.id AS earlier_id, p.family AS earlier_family,
           coalesce(c.flags, e.flags, d.flags) ~ '(^|,)withheld:' AS withheld,
           coalesce(c.uncounted, d.uncounted, p.family = 'deposit_uncounted', false) AS is_uncounted, m.account_id AS merchant_account_id,
           CASE WHEN NOT d.gives_back THEN d.kind
                -- Of a payment the payer's leg is the first, whatever the accounts are besides.
                WHEN d.key LIKE 'pay/%' THEN CASE WHEN d.leg = 0 THEN 'payment' ELSE 'payment_receipt' END
                ELSE coalesce(c.kind, e.kind, CASE d.account_kind WHEN 'safe_client' THEN 'deposit'
                                                                  WHEN 'payer' THEN 'payment'
                                                                  WHEN 'merchant' THEN 'payment_receipt'
                                                                  ELSE 'sale' END) END AS source_kind
    FROM day d
    LEFT JOIN day c ON d.gives_back AND c.id = d.capture_id
    LEFT JOIN earlier e ON d.gives_back AND d.capture_id IS NULL
                       AND e.key = d.original_key AND e.account_id IS NOT DISTINCT FROM d.account_id
    LEFT JOIN placement p ON p.journal_date = e.business_date AND p.journal_id = e.id
    LEFT JOIN merchant m ON m.merchant_id = d.merchant_id
),
placed AS (
    SELECT id, CASE WHEN undone OR given_back AND capture_id IS NOT NULL AND net = 0 THEN 'reversed' ELSE 'cleared' END AS place,
           CASE WHEN source_kind = 'deposit' AND (withheld OR account_kind IS DISTINCT FROM 'safe_client') THEN 'deposit_withheld'
                WHEN source_kind = 'deposit' AND is_uncounted THEN 'deposit_uncounted'
                WHEN source_kind IN ('adjustment', 'verification') THEN 'deposit_' || source_kind
                WHEN source_kind IN ('deposit', 'payment', 'payment_receipt') THEN source_kind
                WHEN account_kind = 'fleet' AND earlier_family IS DISTINCT FROM 'fuel_unidentified' THEN 'fuel'
                ELSE 'fuel_unidentified' END AS family,
           CASE WHEN NOT gives_back THEN NULL WHEN capture_id IS NULL THEN earlier_date ELSE $2::date END AS original_date,
           CASE WHEN NOT gives_back THEN NULL ELSE coalesce(capture_id, earlier_id) END AS original_id,
           account_id, merchant_account_id, booked_minor, currency
    FROM sourced
),
base AS (
    SELECT max(business_date) AS day FROM clearing_run WHERE business_date < $2::date AND stream IN ($4, 'night')
),
hold AS (
    SELECT p.journal_date, p.journal_id, j.key, j.original_key, j.currency
    FROM base JOIN clearing_run r ON r.business_date = base.day AND r.stream IN ($4, 'night')
    JOIN clearing_place p ON p.run_id = r.run_id AND p.place = 'open'
    JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id AND j.stream = $4
    UNION ALL
    SELECT j.business_date, j.id, j.key, j.original_key, j.currency FROM journal j
    WHERE j.business_date > coalesce((SELECT day FROM base), '-infinity') AND j.business_date <= $2::date AND j.stream = $4
      AND j.kind IN ('preauthorization', 'increment', 'deposit_authorization') AND j.approved
),
ending AS (
    SELECT e.original_key, bool_or(e.completed) AS completed
    FROM (SELECT j.original_key, j.kind IN ('completion', 'deposit') AS completed FROM journal j
          WHERE j.business_date > coalesce((SELECT day FROM base), '-infinity') AND j.business_date <= $2::date AND j.stream = $4
            AND j.original_key <> '' AND (j.kind = 'expiry' OR (j.approved AND j.kind IN ('completion', 'deposit', 'reversal')))
          UNION ALL SELECT h.key, true FROM hold h WHERE h.journal_id = ANY ($5::bigint[])) e
    GROUP BY e.original_key
),
ended AS (
    SELECT h.journal_date, h.journal_id, h.currency,
           CASE WHEN coalesce(e.completed, raised.completed) IS NULL THEN 'open'
                WHEN coalesce(e.completed, raised.completed) THEN 'cleared' ELSE 'reversed' END AS place
    FROM hold h LEFT JOIN ending e ON e.original_key = h.key
    LEFT JOIN ending raised ON raised.original_key = nullif(h.original_key, '')
),
run AS (SELECT run_no FROM clearing_run WHERE run_id = $1),
waiting AS (
    INSERT INTO placement_waiting (run_no, journal_date, journal_id)
    SELECT run_no, journal_date, journal_id FROM ended, run WHERE journal_date <> $2::date AND place = 'open'
)
INSERT INTO placement (stream, journal_date, journal_id, run_no, place, family, original_date, original_id, debit_account_id,
                       credit_account_id, amount_minor, currency)
SELECT $4, $2::date, id, run_no, place, family, original_date, original_id, account_id,
       CASE WHEN family IN ('fuel', 'fuel_unidentified') THEN merchant_account_id ELSE account_id END, booked_minor, currency
FROM placed, run
UNION ALL
SELECT $4, journal_date, journal_id, run_no, place, '', NULL, NULL, NULL, NULL, 0, currency
FROM ended, run WHERE journal_date = $2::date
