-- The journal's next entries after a place, and what its entry at that place commits to; without any, one row all the
-- same. Only entries below the snapshot's xmin: whatever is still open, or begins later, comes after them.
SELECT h.epoch, j.bucket, j.entry_id, j.xid::text::bigint AS xid, j.node, j.at, j.kind, j.query_id, j.attempt, j.authority,
       j.fingerprint, j.purpose, j.grant_id, j.decision, j.reason, j.as_of, j.door, j.door_no, j.digest, j.commitment,
       (SELECT commitment FROM journal WHERE xid = at.xid AND entry_id = at.entry_id) AS commitment_at
  FROM house h
 CROSS JOIN (SELECT cast(cast(:xid AS text) AS xid8), cast(:entry_id AS bigint)) at (xid, entry_id)
  LEFT JOIN LATERAL (SELECT * FROM journal
                      WHERE (xid, entry_id) > (at.xid, at.entry_id) AND xid < pg_snapshot_xmin(pg_current_snapshot())
                        AND entry_id > :begins_after
                      ORDER BY xid, entry_id LIMIT :most) j ON true
 ORDER BY j.xid, j.entry_id
