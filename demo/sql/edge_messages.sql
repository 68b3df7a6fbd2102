-- A terminal's own record: every message that its edge program gave a number to and sent.
SELECT kind, state, sequence, local_date, action, reason, amount_minor, approved_minor, currency, sent
FROM message WHERE state <> 'abandoned' AND kind <> 'network' ORDER BY id
