-- A card's wrong PINs in rows with a smaller fence. An unlocked card has forgotten what lies below the fence of its unlocking.
SELECT coalesce(sum(j.pin_tries), 0)::integer AS tries
FROM card c JOIN journal j USING (card_id)
WHERE c.card_id = $3 AND j.account_id = $1 AND j.pin_tries <> 0 AND j.fence < $2 AND j.fence >= c.pin_reset_fence
