-- The digest of a stream's day, and its rows: SHA-256 over the sorted SHA-256 of each row, so that the order of arrival makes no difference.
-- In 256 parts by the first byte, lest one text is longer than a value may be; sorted once, as a whole (a place is counted so that it is), the sorts
-- of the parts find their rows in order. No id in a row: ids depend on the order of commits, the content does not.  $1 business date, $2 stream
SELECT encode(sha256(coalesce(string_agg(part.digest, ''::bytea ORDER BY part.first), ''::bytea)), 'hex') AS digest,
       coalesce(sum(part.count), 0)::bigint AS count
FROM (
    SELECT get_byte(hash, 0) AS first, sha256(string_agg(hash, ''::bytea ORDER BY hash)) AS digest, max(place) - min(place) + 1 AS count
    FROM (
        SELECT hash, row_number() OVER (ORDER BY hash) AS place
        FROM (
            SELECT sha256(convert_to(concat_ws(
                       E'\x1f', key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor, posted_minor, currency,
                       terminal_id, merchant_id, site_id, original_key, flags, pan_masked, (extract(epoch FROM decided_at) * 1000000)::bigint,
                       coalesce(account_id, 0), coalesce(vehicle_id, 0), coalesce(driver_id, 0), detail), 'UTF8')) AS hash
            FROM journal WHERE business_date = $1 AND stream = $2
        ) row
    ) sorted
    GROUP BY 1
) part
