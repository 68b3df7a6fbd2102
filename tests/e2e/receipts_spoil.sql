-- As somebody would who owns the database: the trigger off, the row changed, the trigger on.
ALTER TABLE {table} DISABLE TRIGGER append_only;
UPDATE {table} SET {change} WHERE key = '{key}';
ALTER TABLE {table} ENABLE TRIGGER append_only
