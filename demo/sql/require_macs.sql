-- These terminals have their master keys: what they send without a MAC is refused from now on.  $1 terminal ids
WITH changed AS (
    UPDATE terminal SET mac_required = true WHERE terminal_id = ANY ($1::text[])
)
UPDATE rules SET version = version + 1
