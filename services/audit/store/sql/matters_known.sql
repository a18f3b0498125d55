-- Which of these numbers a case or application of this office has. The first byte of one is its bucket.
SELECT matter
FROM house_matter
WHERE (bucket, matter) IN (SELECT get_byte(uuid_send(m), 0), m FROM unnest(cast(:matters AS uuid[])) AS m)
