-- The door `answer`: reads what a grant allows and writes journal and ledger, in one transaction.
-- Ordered against the end of sharing by locks: policy and buckets shared, then one reading of the clock, then a
-- statement with a fresh snapshot. Every party asked about by somebody who is enrolled leaves an entry, answered or
-- refused. A purpose that is none is not written down: a caller may have put a person's number there, and entries stay
-- for ever. Arrays in and out: the questions (1, 2, ...), then the parties, each asked about by the question p_asked.
-- The statement is planned once, for few and for many: to plan it took longer than to carry it out.
CREATE FUNCTION answer(
    p_fingerprint bytea[], p_kind text[], p_purpose text[], p_query uuid[], p_attempt integer[], p_officer_tag bytea[],
    p_full boolean[],
    p_asked smallint[], p_bucket smallint[], p_tag bytea[], p_journal_tag bytea[], p_salt bytea[], p_sealed bytea[],
    OUT as_of timestamptz, OUT door_no bigint, OUT reason text[], OUT yes_no boolean[], OUT entry_id bigint[],
    OUT digest bytea[], OUT hits jsonb)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_as_of timestamptz;
    v_today date;
BEGIN
    PERFORM lock_policy(false);
    PERFORM lock_buckets(p_bucket, false);
    v_as_of := house_now();
    v_today := (v_as_of AT TIME ZONE 'Asia/Shanghai')::date;
    WITH question AS MATERIALIZED (
        SELECT c.*, e.authority, p.code AS known, p.yes_no, g.grant_id, g.item_codes, g.field_names,
               CASE WHEN e.authority IS NULL THEN 'NOT_ENROLLED'
                    WHEN NOT 'consumer' = ANY (e.roles) THEN 'ROLE_REQUIRED'
                    WHEN p.code IS NULL THEN 'PURPOSE_UNKNOWN'
                    WHEN g.grant_id IS NULL THEN 'NOT_GRANTED'
                    WHEN c.full_ AND p.yes_no THEN 'PURPOSE_IS_YES_NO'
                    ELSE '' END AS refused
        FROM unnest(p_fingerprint, p_kind, p_purpose, p_query, p_attempt, p_officer_tag, p_full) WITH ORDINALITY
             AS c (fingerprint, kind, purpose, query_id, attempt, officer_tag, full_, number)
        LEFT JOIN enrolment e ON e.fingerprint = c.fingerprint AND e.revoked_at IS NULL
                             AND e.not_after > clock_timestamp()
        LEFT JOIN purpose p ON p.code = c.purpose
        LEFT JOIN LATERAL (
            SELECT * FROM access_grant g
            WHERE g.authority = e.authority AND g.purpose = c.purpose AND g.revoked_at IS NULL
              AND g.starts_at <= v_as_of AND v_as_of < g.ends_at
            ORDER BY g.starts_at DESC LIMIT 1) g ON true
    ), asked AS MATERIALIZED (
        SELECT a.*, c.*
        FROM unnest(p_asked, p_bucket, p_tag, p_journal_tag, p_salt, p_sealed) WITH ORDINALITY
             AS a (asked, bucket, tag, journal_tag, salt, sealed, member)
        JOIN question c ON c.number = a.asked
    ), held AS MATERIALIZED (
        SELECT m.member, m.full_, m.field_names, m.authority, r.*
        FROM asked m
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
                   'wrap', encode(f.share_wrap, 'base64'), 'fields',
                   encode((SELECT t.fields FROM record_text t
                           WHERE t.bucket = f.bucket AND t.record_id = f.record_id), 'base64'))
                   ORDER BY f.determined_on DESC, f.record_id) FILTER (WHERE f.full_) AS records
        FROM held f GROUP BY f.member
    ), judged AS MATERIALIZED (
        SELECT m.*, nextval('journal_entry_id_seq') AS entry_id, nextval('door_no') AS door_no,
               coalesce(s.items, '{}') AS items, disclosure_digest(m.salt, coalesce(s.disclosed, '{}')) AS digest, s.records
        FROM asked m LEFT JOIN shown s ON s.member = m.member
        WHERE m.authority IS NOT NULL
    ), ledger AS (
        INSERT INTO disclosure (bucket, record_id, authority, first_at)
        SELECT DISTINCT f.bucket, f.record_id, f.authority, v_as_of FROM held f
        ON CONFLICT DO NOTHING
    ), entry AS (
        INSERT INTO journal (bucket, entry_id, xid, node, at, kind, query_id, attempt, authority, fingerprint, purpose,
                             grant_id, decision, reason, as_of, door, door_no, digest, commitment)
        OVERRIDING SYSTEM VALUE
        SELECT m.bucket, m.entry_id, pg_current_xact_id(), current_database(), v_as_of, m.kind, m.query_id, m.attempt,
               m.authority, m.fingerprint, coalesce(m.known, ''), m.grant_id,
               CASE m.refused WHEN '' THEN 'answered' ELSE 'refused' END, m.refused, v_as_of, 'answer', m.door_no, m.digest,
               private_commitment(m.salt, m.sealed, m.items, m.journal_tag, m.officer_tag, NULL)
        FROM judged m
    ), private AS (
        INSERT INTO journal_private (bucket, entry_id, salt, sealed, subject_tag, items, officer_tag)
        SELECT m.bucket, m.entry_id, m.salt, m.sealed, m.journal_tag, m.items, m.officer_tag
        FROM judged m
    )
    SELECT v_as_of, coalesce(max(j.door_no), 0),
           (SELECT array_agg(c.refused ORDER BY c.number) FROM question c),
           (SELECT array_agg(coalesce(c.yes_no, true) ORDER BY c.number) FROM question c),
           array_agg(j.entry_id ORDER BY a.member), array_agg(j.digest ORDER BY a.member),
           jsonb_object_agg(a.member - 1, jsonb_build_object('items', j.items, 'records', j.records, 'fields', j.field_names))
               FILTER (WHERE j.items <> '{}')
    FROM asked a LEFT JOIN judged j ON j.member = a.member
    INTO as_of, door_no, reason, yes_no, entry_id, digest, hits;
END $$;
REVOKE ALL ON FUNCTION answer FROM PUBLIC;
GRANT EXECUTE ON FUNCTION answer TO catalog_answer;
