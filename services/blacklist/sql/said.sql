-- What steps of some sorts say, oldest first.
SELECT seq, artefact
  FROM case_step
 WHERE bucket = :bucket AND case_id = :case_id AND step = ANY(:steps)
 ORDER BY seq
