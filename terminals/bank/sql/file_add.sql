-- A file that is imported.
INSERT INTO file (message_id, received_us, count, sum_minor, rejected) VALUES (:message_id, :received_us, :count, :sum_minor, :rejected)
