-- The reports of this entry that there are, to find the one that this reporter made before.
SELECT matter_id, wrap, reporter, by_party
FROM misuse_matter
WHERE bucket = :bucket AND source = :source AND entry_id = :entry_id AND wrap IS NOT NULL
