-- A till's reference goes on to the message that follows one of which nothing came.
UPDATE message SET reference = NULL WHERE reference = :reference
