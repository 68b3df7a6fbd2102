-- The newest version of all certificates.
SELECT version FROM certificate_version
