-- The door `answer`: reads what a grant allows and writes journal and ledger, in one transaction.
-- Ordered against the end of sharing by locks: policy and buckets shared, then one reading of the clock, then a
-- statement with a fresh snapshot. Every member that is enrolled leaves an entry, answered or refused. A purpose that is
-- none is not written down: a caller may have put a person's number there, and entries stay for ever.
CREATE FUNCTION answer(
    p_fingerprint bytea[], p_kind text[], p_purpose text[], p_bucket smallint[], p_tag bytea[], p_query uuid[],
    p_attempt integer[], p_salt bytea[], p_sealed bytea[], p_journal_tag bytea[],
    p_officer_tag bytea[], p_full boolean[])
    RETURNS TABLE (member integer, reason text, entry_id bigint, as_of timestamptz, digest bytea, yes_no boolean,
                   items text[], field_names text[], records jsonb)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_as_of timestamptz;
    v_today date;
BEGIN
    PERFORM lock_policy(false);
    PERFORM lock_buckets(p_bucket, false);
    v_as_of := house_now();
    v_today := (v_as_of AT TIME ZONE 'Asia/Shanghai')::date;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.*, nextval('door_no') AS door_no
        FROM unnest(p_fingerprint, p_kind, p_purpose, p_bucket, p_tag, p_query, p_attempt, p_salt, p_sealed,
                    p_journal_tag, p_officer_tag, p_full) WITH ORDINALITY
             AS a (fingerprint, kind, purpose, bucket, tag, query_id, attempt, salt, sealed, journal_tag, officer_tag, full_,
                   member)
    ), permitted AS MATERIALIZED (
        SELECT a.*, e.authority, p.code AS known, p.yes_no, g.grant_id, g.item_codes, g.field_names,
               CASE WHEN e.authority IS NULL THEN 'NOT_ENROLLED'
                    WHEN NOT 'consumer' = ANY (e.roles) THEN 'ROLE_REQUIRED'
                    WHEN p.code IS NULL THEN 'PURPOSE_UNKNOWN'
                    WHEN g.grant_id IS NULL THEN 'NOT_GRANTED'
                    WHEN a.full_ AND p.yes_no THEN 'PURPOSE_IS_YES_NO'
                    ELSE '' END AS refused
        FROM asked a
        LEFT JOIN enrolment e ON e.fingerprint = a.fingerprint AND e.revoked_at IS NULL
                             AND e.not_after > clock_timestamp()
        LEFT JOIN purpose p ON p.code = a.purpose
        LEFT JOIN LATERAL (
            SELECT * FROM access_grant g
            WHERE g.authority = e.authority AND g.purpose = a.purpose AND g.revoked_at IS NULL
              AND g.starts_at <= v_as_of AND v_as_of < g.ends_at
            ORDER BY g.starts_at DESC LIMIT 1) g ON true
    ), found AS MATERIALIZED (
        SELECT m.member, m.authority, m.full_, m.field_names, r.*
        FROM permitted m
        JOIN subject_tag s ON s.bucket = m.bucket AND s.tag = m.tag
        JOIN record r ON r.bucket = s.bucket AND r.subject_id = s.subject_id
        WHERE m.refused = ''
          AND r.item_code = ANY (m.item_codes)
          AND r.ended_at IS NULL
          AND r.ends_before > v_as_of
          AND item_is_shared(r.item_code, v_today)
    ), shown AS MATERIALIZED (
        SELECT f.member,
               (array_agg(DISTINCT f.item_code ORDER BY f.item_code))[1:200] AS items,
               array_agg(f.record_id || ':' || f.version || ':'
                         || CASE WHEN f.full_ THEN array_to_string(f.field_names, ',') ELSE '' END
                         ORDER BY f.determined_on DESC, f.record_id) AS disclosed,
               jsonb_agg(jsonb_build_object(
                   'record_id', f.record_id, 'version', f.version, 'subject_id', f.subject_id,
                   'item_code', f.item_code, 'provider', f.provider,
                   'determining_authority', f.determining_authority, 'severity', f.severity,
                   'determined_on', f.determined_on, 'earliest_repair_on', f.earliest_repair_on,
                   'ends_before', nullif(f.ends_before, 'infinity'),
                   'wrap', encode(f.share_wrap, 'base64'), 'fields', encode(f.fields, 'base64'))
                   ORDER BY f.determined_on DESC, f.record_id) FILTER (WHERE f.full_) AS records
        FROM found f GROUP BY f.member
    ), ledger AS (
        INSERT INTO disclosure (bucket, record_id, authority, first_at)
        SELECT DISTINCT f.bucket, f.record_id, f.authority, v_as_of FROM found f
        ON CONFLICT DO NOTHING
    ), entry AS (
        INSERT INTO journal (bucket, xid, node, at, kind, query_id, attempt, authority, fingerprint, purpose, grant_id,
                             decision, reason, as_of, door, door_no, digest, commitment)
        SELECT m.bucket, pg_current_xact_id(), current_database(), v_as_of, m.kind, m.query_id, m.attempt, m.authority,
               m.fingerprint, coalesce(m.known, ''), m.grant_id, CASE m.refused WHEN '' THEN 'answered' ELSE 'refused' END,
               m.refused, v_as_of, 'answer', m.door_no, disclosure_digest(m.salt, coalesce(s.disclosed, '{}')),
               private_commitment(m.salt, m.sealed, coalesce(s.items, '{}'), m.journal_tag, m.officer_tag, NULL)
        FROM permitted m LEFT JOIN shown s ON s.member = m.member
        WHERE m.authority IS NOT NULL
        RETURNING journal.entry_id, journal.door_no, journal.digest
    ), private AS (
        INSERT INTO journal_private (bucket, entry_id, salt, sealed, subject_tag, items, officer_tag)
        SELECT m.bucket, e.entry_id, m.salt, m.sealed, m.journal_tag, coalesce(s.items, '{}'), m.officer_tag
        FROM entry e JOIN permitted m ON m.door_no = e.door_no LEFT JOIN shown s ON s.member = m.member
    )
    SELECT m.member::integer, m.refused, e.entry_id, v_as_of, e.digest, coalesce(m.yes_no, true),
           coalesce(s.items, '{}'), coalesce(m.field_names, '{}'), s.records
    FROM permitted m LEFT JOIN entry e ON e.door_no = m.door_no LEFT JOIN shown s ON s.member = m.member
    ORDER BY m.member;
END $$;
REVOKE ALL ON FUNCTION answer FROM PUBLIC;
GRANT EXECUTE ON FUNCTION answer TO catalog_answer;
