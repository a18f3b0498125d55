-- The steps of one report, oldest first.
SELECT state, at, officer, officer_tag, due_on, upheld, said
FROM misuse_step
WHERE bucket = :bucket AND matter_id = :matter_id
ORDER BY step_no
