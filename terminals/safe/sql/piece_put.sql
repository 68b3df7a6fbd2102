-- What a deposit was made of.
INSERT INTO piece (sequence, currency, value_minor, kind, category, count)
VALUES (:sequence, :currency, :value_minor, :kind, :category, :count)
