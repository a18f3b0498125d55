-- Looks of one official at one party, from the threshold on, and the shortest time in which that many happened.
SELECT authority, officer_tag AS tag, count(*) AS count,
       (array_agg(concat_ws('/', cast(:source AS text), bucket, entry_id)
                  ORDER BY at DESC, entry_id DESC))[1:20] AS refs,
       cast(extract(epoch FROM min(span)) / 86400 AS float8) AS days
FROM (SELECT *, at - lag(at, :least - 1) OVER (
                   PARTITION BY authority, officer_tag, bucket, subject_tag ORDER BY at, entry_id) AS span
      FROM look
      WHERE at >= :since AND at < :before AND (:authority = '' OR authority = :authority)
        AND officer_tag IS NOT NULL) spaced
GROUP BY authority, officer_tag, bucket, subject_tag
HAVING count(*) >= :least
LIMIT :most
