-- It ends.
UPDATE shift SET closed_at = :at, closed_by = :who, last = :last WHERE number = :number
