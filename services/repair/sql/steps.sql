-- The steps of some applications, oldest first.
SELECT t.*
  FROM unnest(cast(:buckets AS smallint[]), cast(:ids AS uuid[])) AS k (bucket, application_id)
  JOIN application_step t ON t.bucket = k.bucket AND t.application_id = k.application_id
 ORDER BY t.application_id, t.step_no
