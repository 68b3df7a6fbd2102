-- A card's wrong PINs in rows with a smaller fence. An unlocked card has forgotten what lies below the fence of its unlocking.
-- Never below zero on the way: a right PIN may have set back one whose row was refused, and owes that to no later one.
SELECT coalesce((array_agg(r.tries ORDER BY r.id DESC))[1] - least(min(r.tries), 0), 0)::integer AS tries
FROM (
    SELECT j.id, sum(j.pin_tries) OVER (ORDER BY j.business_date, j.id) AS tries
    FROM card c JOIN journal j USING (card_id)
    WHERE c.card_id = $3 AND j.account_id = $1 AND j.pin_tries <> 0 AND j.fence < $2 AND j.fence >= c.pin_reset_fence
) AS r
