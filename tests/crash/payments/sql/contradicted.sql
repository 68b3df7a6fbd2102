-- Orders of which somebody has written down that their bank contradicts itself: here none does.
SELECT content ->> 'end_to_end_id' AS key FROM cash_case WHERE content ->> 'what' LIKE '%\_contradicts'
