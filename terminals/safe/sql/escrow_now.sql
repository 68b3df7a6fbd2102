-- The notes that are neither inside nor handed back.
SELECT state, count, slip, authorization FROM escrow
