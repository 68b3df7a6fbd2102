-- What is left of each leg of a sale once goods came back, one word a leg (authhost/standing.py);
-- '' while the same share of everything is left.
ALTER TABLE claim ADD COLUMN stands text NOT NULL DEFAULT '';
