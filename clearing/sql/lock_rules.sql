-- A place in the table's fair queue: share locks on the row alone would pass a waiting update by.
LOCK TABLE rules IN EXCLUSIVE MODE
