-- Follows on head.sql: the cases of an authority, in a state if one is named, next deadline first.
 CROSS JOIN LATERAL (SELECT s.state, s.due_on FROM case_step s
                      WHERE s.bucket = f.bucket AND s.case_id = f.case_id ORDER BY s.seq DESC LIMIT 1) latest
 WHERE f.authority = :authority AND (cast(:state AS text) IS NULL OR latest.state = :state)
 ORDER BY latest.due_on NULLS LAST, f.case_id
 LIMIT :most
