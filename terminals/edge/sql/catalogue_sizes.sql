-- How many lines each section has.
SELECT section, count(*) AS lines FROM catalogue_entry GROUP BY section
