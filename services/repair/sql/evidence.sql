-- Evidence in the order of hand-in; one piece, where one is named, with its content.
SELECT evidence_id, size, header, CASE WHEN evidence_id = cast(:one AS uuid) THEN content END AS content
  FROM evidence
 WHERE bucket = :bucket AND application_id = :id AND evidence_id = coalesce(cast(:one AS uuid), evidence_id)
 ORDER BY evidence_no
