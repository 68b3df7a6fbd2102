-- Mandates that are over, by the debits that came back: as such, or the account that they are still for.
-- $1 end-to-end ids, $2 their reasons, $3 whether it is about the account alone, $4 who says so
WITH ended AS (
    UPDATE mandate m SET status = 'cancelled', ended_by = told.reason
    FROM (SELECT DISTINCT ON (d.mandate_id) d.mandate_id, n.reason
          FROM unnest($1::text[], $2::text[], $3::boolean[]) n (end_to_end_id, reason, of_account)
          JOIN clearing_debit d USING (end_to_end_id)
          JOIN mandate m USING (mandate_id)
          WHERE NOT n.of_account OR replace(m.iban, ' ', '') = d.iban
          ORDER BY d.mandate_id, n.reason) told
    WHERE m.mandate_id = told.mandate_id AND m.ended_by = ''
    RETURNING m.mandate_id, m.ended_by
)
INSERT INTO audit (who, role, subject, what, change)
SELECT $4, 'clearing', 'mandate/' || mandate_id, 'ended by its bank', json_build_object('ended_by', json_build_array('', ended_by))
FROM ended ORDER BY mandate_id
