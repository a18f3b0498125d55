-- The journal's next entries after a place, and what its entry at that place commits to; without any, one row all the
-- same. Only entries below the snapshot's xmin: whatever is still open, or begins later, comes after them.
-- Numbers, times and uuids come as the bytes that the log's table is sent (leaves.py).
SELECT (SELECT uuid_send(epoch) FROM house),
       (SELECT commitment FROM journal WHERE xid = at.xid AND entry_id = at.entry_id),
       j.entry_id, xid8send(j.xid), int2send(j.bucket), j.door_no, timestamptz_send(j.at), timestamptz_send(j.as_of),
       uuid_send(j.query_id), j.digest, j.commitment, j.fingerprint, j.door, j.kind, j.node, j.reason, j.attempt,
       j.purpose, j.decision, uuid_send(j.grant_id), j.authority
  FROM (SELECT cast(cast(:xid AS text) AS xid8), cast(:entry_id AS bigint)) at (xid, entry_id)
  LEFT JOIN LATERAL (SELECT * FROM journal
                      WHERE (xid, entry_id) > (at.xid, at.entry_id) AND xid < pg_snapshot_xmin(pg_current_snapshot())
                        AND entry_id > :begins_after
                      ORDER BY xid, entry_id LIMIT :most) j ON true
 ORDER BY j.xid, j.entry_id
