-- A shift begins. One is open at a time.
INSERT INTO shift (number, opened_at, opened_by, first) VALUES (:number, :at, :who, :first)
