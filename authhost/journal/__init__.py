"""The PostgreSQL side: migrations, the group commit, the reads. Only a row here is an answer."""
