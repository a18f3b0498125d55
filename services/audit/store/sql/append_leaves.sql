-- Entries at consecutive indices of the log, from :first on.
INSERT INTO log_entry (index, source, source_epoch, entry_id, bucket, door_no, at, authority, purpose, decision, leaf,
                       leaf_hash)
SELECT :first + n - 1, source, epoch, entry_id, bucket, door_no, at, authority, purpose, decision, leaf, leaf_hash
  FROM unnest(cast(:source AS text[]), cast(:epoch AS uuid[]), cast(:entry_id AS bigint[]),
              cast(:bucket AS smallint[]), cast(:door_no AS bigint[]), cast(:at AS timestamptz[]),
              cast(:authority AS text[]), cast(:purpose AS text[]), cast(:decision AS text[]),
              cast(:leaf AS bytea[]), cast(:leaf_hash AS bytea[])) WITH ORDINALITY
       AS t (source, epoch, entry_id, bucket, door_no, at, authority, purpose, decision, leaf, leaf_hash, n)
