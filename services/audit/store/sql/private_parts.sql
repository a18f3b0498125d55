-- What is sealed beside entries, by their places, and the items that they showed.
SELECT p.entry_id, p.salt, p.sealed, p.items, p.subject_tag, p.officer_tag, p.visible_from, j.at, j.commitment
  FROM journal_private p
  JOIN journal j USING (bucket, entry_id)
 WHERE (bucket, entry_id) IN
       (SELECT * FROM unnest(cast(:buckets AS smallint[]), cast(:entry_ids AS bigint[])))
