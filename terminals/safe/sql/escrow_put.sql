-- Notes are counted.
INSERT INTO escrow (one, state, count, slip, authorization)
VALUES (1, :state, :count, :slip, :authorization)
