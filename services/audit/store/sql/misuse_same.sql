-- The report that this reporter made of this entry before.
SELECT matter_id
FROM misuse_matter
WHERE bucket = :bucket AND reporter_tag = :reporter_tag AND source = :source AND entry_id = :entry_id
