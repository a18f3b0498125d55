-- Applications that are not erased, without their steps; a condition follows.
SELECT a.bucket, a.application_id, a.record_id, a.determining_authority, a.wrap, a.subject, a.correction,
       (SELECT count(*) FROM evidence e
         WHERE e.bucket = a.bucket AND e.application_id = a.application_id) AS evidence_count
  FROM application a JOIN standing s ON s.bucket = a.bucket AND s.application_id = a.application_id
                                    AND a.wrap IS NOT NULL
