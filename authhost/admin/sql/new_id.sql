-- An id for what is made here.
SELECT nextval('admin_id')
