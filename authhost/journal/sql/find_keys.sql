SELECT key FROM claim WHERE key = ANY ($1::text[]) AND state <> 6
