-- Steps whose last day is over, and those whose days are counted here, oldest first.
SELECT matter, authority, step, since, due_on
FROM awaited_step
WHERE (due_on < :today OR since < :today) AND (:authority = '' OR authority = :authority)
ORDER BY coalesce(due_on, since)
LIMIT :most
