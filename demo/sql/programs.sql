-- The card programs of the fleet that has PINs: two with a stripe and a PIN on line, two with a chip that checks it itself.
INSERT INTO program (program_id, pin_method, pin_required, cvv, scheme, chip_required) VALUES
    ('STRIPE', 'pvv',      true, true,  '',      false),
    ('OFFSET', 'ibm3624',  true, true,  '',      false),
    ('CHIP',   'pvv',      true, false, 'fleet', true),
    ('OFFLINE', 'pvv',     true, false, 'fleet', true)
