-- Looks by authority and hour of the day (Asia/Shanghai).
SELECT authority, cast(extract(hour FROM at AT TIME ZONE 'Asia/Shanghai') AS integer) AS hour, count(*) AS count
FROM look
WHERE at >= :since AND at < :before AND (:authority = '' OR authority = :authority)
GROUP BY 1, 2
LIMIT :most
