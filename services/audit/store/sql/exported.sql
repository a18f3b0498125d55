-- The log's entries of a period up to a size of it, oldest first, after a place.
SELECT index, source, bucket, leaf, cast(extract(epoch FROM at) * 1000000 AS bigint) AS micros
FROM log_entry
WHERE at >= :since AND at < :before AND index < :size
  AND (at, index) > (timestamptz 'epoch' + cast(:micros AS bigint) * interval '1 microsecond', :index)
  AND (cardinality(cast(:authorities AS text[])) = 0 OR authority = ANY (:authorities))
ORDER BY at, index
LIMIT :most
