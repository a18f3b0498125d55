-- Every look with its private part, newest first.
SELECT concat_ws('/', cast(:source AS text), bucket, entry_id) AS ref, authority, officer_tag AS tag, subject_tag,
       officer_tag, visible_from, salt, sealed, items, commitment, entry_id
FROM look
WHERE at >= :since AND at < :before AND (:authority = '' OR authority = :authority)
ORDER BY at DESC, entry_id DESC
LIMIT :most
