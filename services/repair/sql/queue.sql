-- What waits at an authority, next deadline first, then what is being carried out.
SELECT s.*, s.granted_at AS decided_at,
       (SELECT count(*) FROM evidence e
         WHERE e.bucket = s.bucket AND e.application_id = s.application_id) AS evidence_count
  FROM standing s
 WHERE s.determining_authority = :authority AND s.state IN ('submitted', 'accepted', 'extended', 'granted')
 ORDER BY s.due_on NULLS LAST, s.application_id
 LIMIT :most
