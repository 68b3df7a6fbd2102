-- The digest of a stream's day, and its rows: SHA-256 over the sorted SHA-256 of each row, so that the order of arrival makes no difference.
-- In parts of 65536 rows, lest one text is longer than a value may be: sorted once, the parts are in order already. No id in a row: ids
-- depend on the order of commits, the content does not.  $1 business date, $2 stream
SELECT encode(sha256(coalesce(string_agg(part.digest, ''::bytea ORDER BY part.no), ''::bytea)), 'hex') AS digest,
       coalesce(sum(part.count), 0)::bigint AS count
FROM (
    SELECT no, sha256(string_agg(hash, ''::bytea ORDER BY hash)) AS digest, count(*) AS count
    FROM (
        SELECT hash, (row_number() OVER (ORDER BY hash) - 1) / 65536 AS no
        FROM (
            SELECT sha256(convert_to(concat_ws(
                       E'\x1f', key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor, posted_minor, currency,
                       terminal_id, merchant_id, site_id, original_key, flags, pan_masked, (extract(epoch FROM decided_at) * 1000000)::bigint,
                       coalesce(account_id, 0), coalesce(vehicle_id, 0), coalesce(driver_id, 0), detail), 'UTF8')) AS hash
            FROM journal WHERE business_date = $1 AND stream = $2
        ) row
    ) numbered
    GROUP BY no
) part
