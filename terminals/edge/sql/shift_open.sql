-- A shift begins. One is open at a time.
INSERT INTO shift (number, day, state, opened_at) VALUES (:number, :day, 'open', :at)
