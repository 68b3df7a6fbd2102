-- A card becomes a chip card that was issued, and may buy off line. $1 card, $2 its chip's serial number, $3 for so much
WITH issued AS (
    INSERT INTO issue_line (batch_id, line, state, attempt, card_id, card_serial)
    VALUES ('F', $1::bigint, 'active', 1, $1::bigint, $2)
)
UPDATE card SET program_id = 'CHIP', psn = '01', offline_max_minor = $3 WHERE card_id = $1::bigint
