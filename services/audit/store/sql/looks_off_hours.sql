-- The same outside office hours, of officials only.
SELECT authority, officer_tag AS tag, count(*) AS count,
       (array_agg(concat_ws('/', cast(:source AS text), bucket, entry_id)
                  ORDER BY at DESC, entry_id DESC))[1:20] AS refs
FROM look CROSS JOIN LATERAL (SELECT at AT TIME ZONE 'Asia/Shanghai') AS l (local)
WHERE at >= :since AND at < :before AND (:authority = '' OR authority = :authority) AND officer_tag IS NOT NULL
  AND (cast(local AS time) < :opens OR cast(local AS time) >= :closes
       OR cast(local AS date) <> ALL (cast(:working_days AS date[])))
GROUP BY authority, officer_tag
LIMIT :most
