-- Which authorization a capture was made under, as the engine has found it (clearing/engine/matching.py): '' for what is no capture.
ALTER TABLE placement
    ADD COLUMN match text COLLATE "C" NOT NULL DEFAULT ''
        CHECK (match IN ('', 'matched', 'over_tolerance', 'authorization_expired', 'offline', 'no_authorization'));
