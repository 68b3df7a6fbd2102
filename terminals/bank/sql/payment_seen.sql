-- It was ordered once more.
UPDATE payment SET seen = seen + 1 WHERE end_to_end_id = :end_to_end_id
