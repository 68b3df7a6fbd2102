-- A planted fault: the program believes that the host has this message.
UPDATE message SET state = 'forwarded', sent = 1, action = '000' WHERE sequence = :sequence AND state = 'stored'
