-- Was this file imported?
SELECT * FROM file WHERE message_id = :message_id
