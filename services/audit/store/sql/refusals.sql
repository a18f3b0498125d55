-- Refusals by day (Asia/Shanghai), authority and reason.
SELECT cast(at AT TIME ZONE 'Asia/Shanghai' AS date) AS day, authority, reason, count(*) AS count
FROM journal
WHERE at >= :since AND at < :before AND (:authority = '' OR authority = :authority) AND decision = 'refused'
GROUP BY 1, 2, 3
LIMIT :most
