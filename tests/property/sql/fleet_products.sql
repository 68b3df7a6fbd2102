-- What every fleet of the program test may buy, and what a pre-authorization holds that names no amount.
WITH products AS (
    INSERT INTO product (product, name, fuel) VALUES
        ('001', 'Super', true), ('012', 'Diesel', true), ('100', 'Oil', false), ('400', 'Shop', false)
),
groups AS (
    INSERT INTO product_group (group_id, name, products) VALUES
        (11, 'fuel', ARRAY['001', '012']), (12, 'shop', ARRAY['400']), (13, 'road', ARRAY['012', '100'])
),
programs AS (INSERT INTO program (program_id, hold_minor, hold_ml) VALUES ('FLEETS', 900, 800))
UPDATE rules SET version = version + 1
