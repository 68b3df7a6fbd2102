-- A test's prices away, past the triggers that forbid it.
SET session_replication_role = replica;
DELETE FROM base_price; DELETE FROM price_import; DELETE FROM price_contract; DELETE FROM vat_rate; DELETE FROM audit; DELETE FROM rules;
DELETE FROM site; DELETE FROM merchant; DELETE FROM product; DELETE FROM product_group; DELETE FROM account;
ALTER SEQUENCE base_price_base_price_id_seq RESTART; ALTER SEQUENCE price_import_import_id_seq RESTART;
ALTER SEQUENCE price_contract_contract_id_seq RESTART; ALTER SEQUENCE vat_rate_vat_id_seq RESTART; ALTER SEQUENCE audit_id_seq RESTART;
SET session_replication_role = origin;
