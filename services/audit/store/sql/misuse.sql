-- Where reports of misuse stand, by id after a place: one, a reporter's own, or all; open ones where wanted.
SELECT bucket, matter_id, by_party, source, entry_id, authority, wrap, reporter, state, due_on,
       coalesce(overdue, false) AS overdue
FROM misuse_standing
WHERE (cast(:matter_id AS uuid) IS NULL OR matter_id = :matter_id)
  AND (cast(:tag AS bytea) IS NULL OR (bucket, matter_id) IN (
        SELECT t.bucket, t.matter_id FROM party_tag t WHERE t.bucket = :bucket AND t.tag = :tag))
  AND (NOT :open_only OR state <> 'answered')
  AND cast(matter_id AS text) > :after
ORDER BY cast(matter_id AS text)
LIMIT :most
