-- Notes that are kept apart in a cassette: told as suspects, or by a category that is kept and not credited. $1 stay
WITH told AS (
    SELECT d.currency, j.detail
    FROM deposit d JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id AND j.leg = 0
    WHERE d.stay_id = $1 AND d.state <> 'reversed'
),
kept AS (
    SELECT s ->> 'currency' AS currency, (s ->> 'value_minor')::bigint AS value_minor, s ->> 'category' AS category, 1 AS count
    FROM told CROSS JOIN LATERAL json_array_elements(told.detail -> 'suspects') AS s
    UNION ALL
    SELECT told.currency, (p ->> 'value_minor')::bigint, p ->> 'category', (p ->> 'count')::integer
    FROM told CROSS JOIN LATERAL json_array_elements(told.detail -> 'denominations') AS p
    JOIN note_category c ON c.category = p ->> 'category' AND c.kept AND NOT c.credited
)
SELECT currency, value_minor, category, sum(count)::bigint AS count FROM kept GROUP BY 1, 2, 3 ORDER BY 1, 2 DESC, 3
