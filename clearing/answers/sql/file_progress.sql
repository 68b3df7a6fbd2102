-- How far the files are that these orders are in.  $1 end-to-end ids
SELECT f.message_id, f.run_id, f.path, f.count, count(*) FILTER (WHERE rejected)::int AS rejected,
       count(*) FILTER (WHERE booked AND NOT rejected)::int AS booked, count(*) FILTER (WHERE seen AND NOT rejected)::int AS seen
FROM bank_file f
JOIN filed_order o USING (message_id)
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = o.end_to_end_id AND x.fact = 'rejected') AS rejected,
           EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = o.end_to_end_id AND x.fact = 'booked') AS booked,
           EXISTS (SELECT FROM credit_seen s WHERE s.end_to_end_id = o.end_to_end_id) AS seen) is_
WHERE f.message_id IN (SELECT message_id FROM filed_order WHERE end_to_end_id = ANY ($1::text[]))
GROUP BY f.message_id, f.run_id, f.path, f.count
ORDER BY f.message_id
