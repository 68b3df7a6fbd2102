-- What a credit that is done with has, waits no more.  $1 run id
UPDATE due_item i SET run_id = $1 FROM clearing_item c
WHERE c.run_id = $1 AND c.settled AND c.source = i.source AND c.key = i.key
