-- What is sold: fuel that the profile knows by codes of its own, and coffee that it does not.
INSERT INTO product (product, name, unit, fuel) VALUES ('019', 'Diesel', 'L', true), ('012', 'Petrol 95', 'L', true), ('410', 'Coffee', 'U', false);
INSERT INTO product_code (profile, code, product) VALUES ('ifsf', '001', '019'), ('ifsf', '002', '012');
INSERT INTO product_group (group_id, name, products) VALUES (1, 'fuel', ARRAY['019', '012']);
INSERT INTO issue_batch (batch_id, program_id, medium, digest, who) VALUES ('F', 'CHIP', 'chip', sha256('f'), 'test');
UPDATE rules SET version = version + 1
