-- What safes have besides their terminals. What a row does not name is as here.
-- $1 safes  $2 their clients  $3 depositors  $4 cassettes
WITH safes AS (
    INSERT INTO safe SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::safe, '{"fill_percent": 80, "shift_required": true, "named_depositors": true, "cut_off": "",
            "placement": {"room": "back office"}, "silent_min": 15, "signed_off": false, "cassette_id": "", "shift": "", "shift_by": "", "software": "", "fill": {},
            "sequence_seen": "{}"}'), $1::text::jsonb)
),
clients AS (
    INSERT INTO safe_client SELECT * FROM jsonb_populate_recordset(NULL::safe_client, $2::text::jsonb)
),
depositors AS (
    INSERT INTO depositor SELECT * FROM jsonb_populate_recordset(NULL::depositor, $3::text::jsonb)
)
INSERT INTO cassette SELECT * FROM jsonb_populate_recordset(
    jsonb_populate_record(NULL::cassette, '{"kind": "cassette", "capacity": 0, "status": "active"}'), $4::text::jsonb)
