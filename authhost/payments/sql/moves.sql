-- Payments that a phone was handed, or has opened: the cheapest move, for it decides nothing. A row that has gone on stays as it is.
-- One row a payment.  $1 ids, $2 event of each, $3 phone of each, $4 events, $5 the states that each leads out of, $6 what each leads to;
-- from authhost/payments/life.py. $7 now
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS t (payment_id, event, who)
),
locked AS MATERIALIZED (
    SELECT p.payment_id, p.state FROM payment p WHERE p.payment_id = ANY ($1::text[]) ORDER BY p.payment_id FOR UPDATE
),
moved AS (
    UPDATE payment p SET state = e.after, changed_at = greatest($7::timestamptz, p.changed_at), version = p.version + 1
    FROM told t JOIN unnest($4::text[], $5::text[], $6::text[]) AS e (event, befores, after) ON e.event = t.event, locked l
    WHERE p.payment_id = ANY ($1::text[]) AND p.payment_id = t.payment_id AND l.payment_id = t.payment_id AND l.state = ANY (string_to_array(e.befores, ' '))
    RETURNING p.payment_id, p.version, t.event, l.state AS before, p.state, p.changed_at, t.who
),
noted AS (
    INSERT INTO payment_change (payment_id, version, event, before, after, at, who)
    SELECT payment_id, version, event, before, state, changed_at, who FROM moved
)
SELECT payment_id, state, changed_at FROM moved
