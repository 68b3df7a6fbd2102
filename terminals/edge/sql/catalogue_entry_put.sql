-- One line of a section, new or changed.
INSERT INTO catalogue_entry (section, key, value) VALUES (:section, :key, :value)
ON CONFLICT (section, key) DO UPDATE SET value = excluded.value
