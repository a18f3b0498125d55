-- Follows on head.sql: the applications of a party, next deadline first.
  JOIN party_tag t ON t.bucket = a.bucket AND t.application_id = a.application_id
 WHERE t.bucket = :bucket AND t.tag = :tag
 ORDER BY s.due_on NULLS LAST, s.application_id
 LIMIT :most
