-- Vehicles or drivers by account and name, else by account and number, locked: one row for each place that has one, and another one
-- that has the number.
SELECT w.place, to_jsonb(t)::text AS row,
       (SELECT min(o.{key}) FROM {table} o
        WHERE o.account_id = w.account_id AND w.number <> '' AND o.number = w.number AND o.status <> 'closed' AND o.{key} <> t.{key}) AS taken_by
FROM unnest($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY AS w (account_id, title, number, place)
CROSS JOIN LATERAL (
    SELECT {key} AS id FROM {table} i
    WHERE i.account_id = w.account_id AND (i.{title} = w.title OR (w.number <> '' AND i.number = w.number))
    ORDER BY i.{title} = w.title DESC, i.{key} LIMIT 1
) AS found
JOIN {table} t ON t.{key} = found.id
ORDER BY t.{key} FOR NO KEY UPDATE OF t
