-- Give every captured row of the day its one place, and list again the earlier holds that are still open.
-- A function of journal rows dated up to the day; the open list of an earlier run is only a shorter way to the same answer.
--
--   what books money   reversed   it and the same-day reversals and returns that give it back come to nothing
--                      cleared    everything else, a reversal of an earlier day's row among it: it becomes a credit
--   a hold             cleared    its completion has come (the money is the completion's); with it what has raised it;
--                                 notes in escrow: their deposit is confirmed
--                      reversed   reversed or expired
--                      open       nothing has come yet
-- So the rows that are 'reversed' sum to zero, and the files carry what is 'cleared'.
-- $1 run id, $2 business date, $3 look-back days for the original of a late reversal
WITH day AS MATERIALIZED (
    SELECT j.id, j.key, j.leg, j.kind, j.account_id, j.original_key, j.flags, a.kind AS account_kind,
           sum(j.posted_minor) OVER original AS net,
           bool_or(j.kind IN ('reversal', 'return')) OVER original AS given_back,
           j.kind IN ('reversal', 'return') AS gives_back,
           max(j.id) FILTER (WHERE j.kind NOT IN ('reversal', 'return')) OVER original AS capture_id,
           -- An envelope, a cheque, or a client who is credited for what was counted.
           c.kind <> 'cash' OR (c.credit = 'none' AND c.withheld = '' AND c.state <> 'reversed') AS uncounted
    FROM journal j LEFT JOIN account a USING (account_id)
    LEFT JOIN deposit c ON c.key = j.key AND c.journal_id = j.id AND j.kind = 'deposit'
    WHERE j.business_date = $2::date AND j.approved
      AND (j.kind IN ('sale', 'offline_sale', 'completion', 'deposit', 'payment', 'payment_receipt', 'adjustment', 'verification')
           OR (j.kind IN ('reversal', 'return') AND j.posted_minor <> 0))
    WINDOW original AS (PARTITION BY CASE WHEN j.kind IN ('reversal', 'return') THEN j.original_key ELSE j.key END, j.account_id)
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
    SELECT d.*, e.business_date AS earlier_date, e.id AS earlier_id,
           coalesce(c.flags, e.flags, d.flags) ~ '(^|,)withheld:' AS withheld,
           coalesce(c.uncounted, d.uncounted, p.family = 'deposit_uncounted', false) AS is_uncounted,
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
    LEFT JOIN clearing_run r ON r.business_date = e.business_date AND r.stream = 'night' AND r.sequence = 1
    LEFT JOIN clearing_place p ON p.run_id = r.run_id AND p.journal_date = e.business_date AND p.journal_id = e.id
),
base AS (
    SELECT max(business_date) AS day FROM clearing_run WHERE business_date < $2::date
),
hold AS (
    SELECT p.journal_date, p.journal_id, j.key, j.original_key
    FROM base JOIN clearing_run r ON r.business_date = base.day
    JOIN clearing_place p ON p.run_id = r.run_id AND p.place = 'open'
    JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id
    UNION  -- two streams of one day list the same open holds
    SELECT j.business_date, j.id, j.key, j.original_key FROM journal j
    WHERE j.business_date > coalesce((SELECT day FROM base), '-infinity') AND j.business_date <= $2::date
      AND j.kind IN ('preauthorization', 'increment', 'deposit_authorization') AND j.approved
),
ending AS (
    SELECT j.original_key, bool_or(j.kind IN ('completion', 'deposit')) AS completed FROM journal j
    WHERE j.business_date > coalesce((SELECT day FROM base), '-infinity') AND j.business_date <= $2::date
      AND j.original_key <> '' AND (j.kind = 'expiry' OR (j.approved AND j.kind IN ('completion', 'deposit', 'reversal')))
    GROUP BY j.original_key
),
ended AS (
    SELECT h.journal_date, h.journal_id,
           CASE WHEN coalesce(e.completed, raised.completed) IS NULL THEN 'open'
                WHEN coalesce(e.completed, raised.completed) THEN 'cleared' ELSE 'reversed' END AS place
    FROM hold h LEFT JOIN ending e ON e.original_key = h.key
    LEFT JOIN ending raised ON raised.original_key = nullif(h.original_key, '')
)
INSERT INTO clearing_place (run_id, journal_date, journal_id, place, family, original_date, original_id)
SELECT $1, $2::date, id,
       CASE WHEN given_back AND capture_id IS NOT NULL AND net = 0 THEN 'reversed' ELSE 'cleared' END,
       CASE WHEN source_kind = 'deposit' AND (withheld OR account_kind IS DISTINCT FROM 'safe_client')
                THEN 'deposit_withheld'
            WHEN source_kind = 'deposit' AND is_uncounted THEN 'deposit_uncounted'
            WHEN source_kind IN ('adjustment', 'verification') THEN 'deposit_' || source_kind
            WHEN source_kind IN ('deposit', 'payment', 'payment_receipt') THEN source_kind
            WHEN account_kind = 'fleet' THEN 'fuel'
            ELSE 'fuel_unidentified' END,
       CASE WHEN NOT gives_back THEN NULL WHEN capture_id IS NULL THEN earlier_date ELSE $2::date END,
       CASE WHEN NOT gives_back THEN NULL ELSE coalesce(capture_id, earlier_id) END
FROM sourced
UNION ALL
SELECT $1, journal_date, journal_id, place, '', NULL, NULL
FROM ended
WHERE journal_date = $2::date OR place = 'open'
