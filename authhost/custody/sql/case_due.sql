-- Until when a case's pieces are to be reported, and what they are.
UPDATE cash_case SET due_at = $2, content = content || $3::text::jsonb WHERE case_id = $1
