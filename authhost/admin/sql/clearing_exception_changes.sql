-- What happened to an exception.  $1 exception
SELECT event, who, note, at FROM exception_change WHERE exception_id = $1 ORDER BY change_id
