-- A payer with all certificates that the phone ever had, newest first, in one snapshot.  $1 phone
SELECT p.phone, p.account_id, p.name, p.status, p.refuses, p.code_until, p.code_tries, p.push IS NOT NULL AS push,
       ARRAY(SELECT c FROM payer_certificate c WHERE c.phone = p.phone ORDER BY c.issued_at DESC, c.serial LIMIT 100) AS certificates
FROM payer p WHERE p.phone = $1
