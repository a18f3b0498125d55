-- The steps of some cases, without what they say in words.
SELECT case_id, seq, step, state, at, officer, artefact_digest, measures, under_age, slight, upheld, published, record_id,
       window_ends_before, window_provisional, due_on, due_provisional
  FROM case_step
 WHERE bucket = ANY(:buckets) AND case_id = ANY(:ids)
 ORDER BY seq
