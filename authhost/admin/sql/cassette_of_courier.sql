-- A condition: the cassette t has been in a safe of a courier, or was taken out by him.
EXISTS (SELECT FROM cassette_stay y JOIN safe s USING (terminal_id)
        WHERE y.cassette_id = t.cassette_id AND ${place}::text IN (y.courier_id, s.courier_id))
