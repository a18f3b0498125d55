-- How far a source is in the log: up to this entry.
INSERT INTO source_position (source, epoch, xid, entry_id, commitment)
VALUES (:source, :epoch, cast(cast(:xid AS text) AS xid8), :entry_id, :commitment)
ON CONFLICT (source) DO UPDATE SET xid = excluded.xid, entry_id = excluded.entry_id, commitment = excluded.commitment
