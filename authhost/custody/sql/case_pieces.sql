-- The pieces of a case are others (a serial number was read again); what was proposed stands.  $1 case, $2 the pieces
UPDATE cash_case SET content = jsonb_set(content, '{counterfeits}', $2::text::jsonb) WHERE case_id = $1
