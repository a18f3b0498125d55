-- Cases that are not erased, without their steps; a condition follows.
SELECT f.bucket, f.case_id, f.authority, f.scheme_code, f.sample, f.wrap, f.party, l.listing_id,
       (SELECT count(*) FROM evidence e WHERE e.bucket = f.bucket AND e.case_id = f.case_id) AS evidence
  FROM (SELECT * FROM case_file WHERE wrap IS NOT NULL) f
  LEFT JOIN listing l ON l.bucket = f.bucket AND l.case_id = f.case_id
