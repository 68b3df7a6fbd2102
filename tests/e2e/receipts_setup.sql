-- A safe with all that a receipt says of it: two clients, two banks, a depositor, a place.
INSERT INTO bank (bank_id, name) VALUES ('B1', 'Banka Češka'), ('B2', 'Other bank');
UPDATE account SET name = 'Pekarna Đurđević', iban = 'SI56191000000123438', bank_id = 'B1', credit_line = 1000000000,
    address = '{"street": "Žužemberška ulica", "number": "12a", "postcode": "8360", "town": "Žužemberk", "country": "SI"}'
WHERE account_id = 900002;
UPDATE terminal SET site_id = 'S1' WHERE terminal_id = 'SAFE0001';
INSERT INTO safe (terminal_id, model, time_zone, shift_required, named_depositors, placement)
VALUES ('SAFE0001', 'X2', 'Europe/Ljubljana', false, false, '{"room": "office", "address": {"street": "Ulica", "number": 4, "town": "Žužemberk"}}');
INSERT INTO safe_client (terminal_id, account_id) VALUES ('SAFE0001', 900002);
INSERT INTO depositor (depositor_id, account_id, code, name) VALUES (1, 900002, '007', 'Ana Čučković');
