-- The newest gaps in the door numbers, of one source or all, with the times of their neighbours.
SELECT g.source, g.epoch, g.first_no, g.last_no,
       (SELECT e.at FROM log_entry e WHERE e.source = g.source AND e.source_epoch = g.epoch
           AND e.door_no < g.first_no ORDER BY e.door_no DESC LIMIT 1) AS after,
       (SELECT e.at FROM log_entry e WHERE e.source = g.source AND e.source_epoch = g.epoch
           AND e.door_no > g.last_no ORDER BY e.door_no LIMIT 1) AS before
  FROM door_gap g
 WHERE (:source = '' OR g.source = :source)
   AND g.noticed_at < clock_timestamp() - make_interval(secs => :settled)
 ORDER BY g.noticed_at DESC, g.source, g.first_no DESC
 LIMIT :most
