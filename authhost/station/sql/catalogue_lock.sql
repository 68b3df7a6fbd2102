-- One host builds at a time; who waited sees what the other has built.
SELECT version FROM catalogue_built FOR UPDATE
