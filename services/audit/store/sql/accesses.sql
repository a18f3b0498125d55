-- Entries of the journal, newest first, after a place; each with its private part as long as there is one.
SELECT j.bucket, j.entry_id, j.at, j.kind, j.authority, j.purpose, j.decision, j.reason, p.salt, p.sealed, j.commitment,
       p.subject_tag, p.officer_tag, p.visible_from,
       coalesce(p.items, '{}') AS items, h.epoch, cast(extract(epoch FROM j.at) * 1000000 AS bigint) AS micros
FROM journal j LEFT JOIN journal_private p USING (bucket, entry_id) CROSS JOIN house h
WHERE j.at >= :since AND j.at < :before AND (:authority = '' OR j.authority = :authority)
  AND (cast(:officer_tag AS bytea) IS NULL OR p.officer_tag = :officer_tag)
  AND (:system = '' OR j.fingerprint IN (
       SELECT e.fingerprint FROM enrolment e WHERE e.authority = :authority AND e.system = :system))
  AND starts_with(j.kind, :kind)
  AND (j.at, cast(:source AS text) COLLATE "C", j.entry_id)
      < (timestamptz 'epoch' + cast(:last_micros AS bigint) * interval '1 microsecond', :last_source, :last_entry)
ORDER BY j.at DESC, j.entry_id DESC
LIMIT :most
