-- The size of the log, at which an export stops, and how many entries the export has.
SELECT s.size, count(e.index) AS total
FROM log_state s LEFT JOIN log_entry e
  ON at >= :since AND at < :before AND index < s.size
 AND (at, index) > (timestamptz 'epoch' + cast(:micros AS bigint) * interval '1 microsecond', :index)
 AND (cardinality(cast(:authorities AS text[])) = 0 OR authority = ANY (:authorities))
GROUP BY s.size
