-- Looks counted by authority and official, those without an official together.
SELECT authority, officer_tag AS tag, count(*) AS count,
       (array_agg(concat_ws('/', cast(:source AS text), bucket, entry_id)
                  ORDER BY at DESC, entry_id DESC))[1:20] AS refs
FROM look
WHERE at >= :since AND at < :before AND (:authority = '' OR authority = :authority)
GROUP BY authority, officer_tag
LIMIT :most
