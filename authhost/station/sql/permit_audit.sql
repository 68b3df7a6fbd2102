-- Who let a site or a terminal do what, and what it was before. $1 who, $2 role, $3 subject, $4 what, $5 and $6 before and after
INSERT INTO audit (who, role, subject, what, change)
VALUES ($1, $2, $3, $4, json_build_object('station_rules', json_build_array($5::text::json, $6::text::json)))
