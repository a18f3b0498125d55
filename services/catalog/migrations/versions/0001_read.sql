-- The other doors that read: the party's own records, one record for who answers for it, the public list, and what a
-- withdrawal certificate states. Each caller-facing one writes its entry in the same transaction.

-- Whose look it is: the gateway's, or that of the desk whose clerk acts for the party. Null for one not enrolled, which
-- no entry takes.
CREATE FUNCTION at_desk(p_gateway text, p_desk text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_desk IS NULL THEN p_gateway ELSE (
        SELECT min(e.authority) FROM enrolment e WHERE e.authority = p_desk AND 'service_desk' = ANY (e.roles)
          AND e.revoked_at IS NULL AND e.not_after > clock_timestamp()) END
$$;
REVOKE ALL ON FUNCTION at_desk FROM PUBLIC;

-- What is held about one party, in force and ended. The wrap is there while the record is shared.
CREATE FUNCTION own(
    p_fingerprint bytea, p_bucket smallint, p_tag bytea, p_query uuid, p_salt bytea, p_sealed bytea,
    p_journal_tag bytea, p_desk text, p_officer_tag bytea,
    OUT records jsonb, OUT entry_id bigint, OUT as_of timestamptz, OUT digest bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    v_authority text := at_desk(authority_with_role(p_fingerprint, '{gateway}'), p_desk);
    v_items text[];
    v_disclosed text[];
BEGIN
    PERFORM lock_policy(false);
    PERFORM lock_buckets(ARRAY[p_bucket], false);
    as_of := house_now();
    SELECT jsonb_agg(jsonb_build_object(
               'record_id', r.record_id, 'version', r.version, 'subject_id', r.subject_id, 'item_code', r.item_code,
               'provider', r.provider, 'determining_authority', r.determining_authority, 'severity', r.severity,
               'document_kind', r.document_kind,
               'determined_on', r.determined_on, 'earliest_repair_on', r.earliest_repair_on,
               'ends_before', nullif(r.ends_before, 'infinity'),
               'ended_at', CASE WHEN r.ended_at IS NOT NULL THEN r.ended_at WHEN r.ends_before <= as_of THEN r.ends_before END,
               'end_reason', CASE WHEN r.ended_at IS NOT NULL THEN r.end_reason WHEN r.ends_before <= as_of THEN 'expired' END,
               'wrap', CASE WHEN r.ended_at IS NULL AND r.ends_before > as_of THEN encode(r.share_wrap, 'base64') END,
               'fields', CASE WHEN r.ended_at IS NULL AND r.ends_before > as_of THEN encode(
                   (SELECT t.fields FROM record_text t WHERE t.bucket = r.bucket AND t.record_id = r.record_id), 'base64') END)
               ORDER BY r.determined_on DESC, r.record_id),
           coalesce(array_agg(DISTINCT r.item_code), '{}'),
           coalesce(array_agg(r.record_id || ':' || r.version || ':own' ORDER BY r.determined_on DESC, r.record_id), '{}')
    INTO records, v_items, v_disclosed
    FROM subject_tag s JOIN record r ON r.bucket = s.bucket AND r.subject_id = s.subject_id
    WHERE s.bucket = p_bucket AND s.tag = p_tag;
    SELECT w.entry_id, w.digest INTO entry_id, digest
    FROM journal_write(p_bucket, 'SharingService.ListOwnRecords', p_query, 1, v_authority, p_fingerprint, 'own', NULL,
                       'answered', '', p_salt, p_sealed, p_journal_tag, coalesce(v_items, '{}'), coalesce(v_disclosed, '{}'),
                       p_officer_tag) w;
END $$;

-- One record without its fields, for its provider, its determining authority, or an office that names the party it
-- acts for; and what its withdrawal certificate states. `record` is null where there is none or it is another's, and
-- where a certificate is asked for while the record is still shared: then `shared` is true.
CREATE FUNCTION provided(
    p_fingerprint bytea, p_kind text, p_record_id uuid, p_tag bytea, p_person boolean, p_query uuid, p_salt bytea,
    p_sealed bytea, p_journal_tag bytea, p_desk text, p_officer_tag bytea,
    OUT record jsonb, OUT receivers jsonb, OUT shared boolean, OUT entry_id bigint, OUT as_of timestamptz,
    OUT digest bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    v_authority text := authority_with_role(
        p_fingerprint,
        CASE WHEN p_person THEN '{gateway}'::text[] ELSE '{provider,repair_authority,list_authority,office}' END);
    v_office boolean := EXISTS (SELECT FROM enrolment e WHERE e.fingerprint = p_fingerprint AND 'office' = ANY (e.roles));
    v_bucket smallint;
    v_record catalog.record;
BEGIN
    SELECT p.bucket INTO v_bucket FROM record_place p WHERE p.place = place_of(p_record_id) AND p.record_id = p_record_id;
    PERFORM lock_policy(false);
    PERFORM lock_buckets(ARRAY[v_bucket], false);
    as_of := house_now();
    SELECT r.* INTO v_record FROM catalog.record r WHERE r.bucket = v_bucket AND r.record_id = p_record_id;
    IF v_record.record_id IS NULL
       OR (p_tag IS NOT NULL AND NOT EXISTS (SELECT FROM subject_tag s WHERE s.bucket = v_bucket AND s.tag = p_tag
                                                AND s.subject_id = v_record.subject_id))
       OR (p_person AND p_tag IS NULL)
       OR (NOT p_person AND NOT v_office AND v_authority NOT IN (v_record.provider, v_record.determining_authority)) THEN
        RETURN;
    END IF;
    IF p_kind = 'SharingService.GetWithdrawalCertificate'
       AND v_record.ended_at IS NULL AND v_record.ends_before > as_of THEN
        shared := true;
        RETURN;
    END IF;
    record := jsonb_build_object(
        'record_id', v_record.record_id, 'version', v_record.version, 'subject_id', v_record.subject_id,
        'item_code', v_record.item_code, 'provider', v_record.provider,
        'determining_authority', v_record.determining_authority, 'severity', v_record.severity,
        'determined_on', v_record.determined_on, 'earliest_repair_on', v_record.earliest_repair_on,
        'ends_before', nullif(v_record.ends_before, 'infinity'),
        'ended_at', CASE WHEN v_record.ended_at IS NOT NULL THEN v_record.ended_at
                         WHEN v_record.ends_before <= as_of THEN v_record.ends_before END,
        'end_reason', CASE WHEN v_record.ended_at IS NOT NULL THEN v_record.end_reason
                           WHEN v_record.ends_before <= as_of THEN 'expired' END);
    SELECT coalesce(jsonb_agg(jsonb_build_object('authority', d.authority, 'received_at', d.first_at,
                                                 'acknowledged_at', a.acknowledged_at) ORDER BY d.authority), '[]')
    INTO receivers
    FROM disclosure d LEFT JOIN acknowledgement a USING (bucket, record_id, authority)
    WHERE d.bucket = v_bucket AND d.record_id = p_record_id;
    SELECT w.entry_id, w.digest INTO entry_id, digest
    FROM journal_write(v_bucket, p_kind, p_query, 1, at_desk(v_authority, CASE WHEN p_person THEN p_desk END),
                       p_fingerprint, CASE WHEN p_person THEN 'own' ELSE '' END, NULL, 'answered', '', p_salt,
                       p_sealed, p_journal_tag, ARRAY[v_record.item_code],
                       ARRAY[v_record.record_id || ':' || v_record.version || ':summary'], p_officer_tag) w;
END $$;

-- What the law publishes: newest determination first, after a position. Anonymous, so without an entry; with a tag only
-- about that organisation, and about no natural person whatever its tag is. An authority's code holds its division from
-- the third character on (GB 32100).
CREATE FUNCTION published(
    p_item_code text, p_before date, p_after uuid, p_most integer, p_authority text, p_division text, p_since date,
    p_until date, p_bucket smallint, p_tag bytea)
    RETURNS TABLE (record_id uuid, version bigint, subject_id uuid, person boolean, item_code text,
                   determining_authority text, determined_on date, ends_before timestamptz, share_wrap bytea,
                   fields bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := house_now();
    v_today date := (v_now AT TIME ZONE 'Asia/Shanghai')::date;
    v_subject uuid := (SELECT s.subject_id FROM subject_tag s WHERE s.bucket = p_bucket AND s.tag = p_tag);
    v_items text[] := ARRAY(SELECT i.code FROM item i WHERE i.public AND i.in_force_from <= v_today
                                AND (i.in_force_until IS NULL OR v_today < i.in_force_until));
BEGIN
    IF p_tag IS NULL THEN
        -- Read in the order of its index up to the limit: IS TRUE keeps the planner from taking the index of ends instead,
        -- and all that is published with it, only to sort it.
        RETURN QUERY
        SELECT r.record_id, r.version, r.subject_id, r.person, r.item_code, r.determining_authority, r.determined_on,
               nullif(r.ends_before, 'infinity'), r.share_wrap,
               (SELECT t.fields FROM record_text t WHERE t.bucket = r.bucket AND t.record_id = r.record_id)
        FROM record r
        WHERE r.public AND r.ended_at IS NULL AND (r.ends_before > v_now) IS TRUE
          AND r.determined_on >= coalesce(p_since, '-infinity') AND r.determined_on < coalesce(p_until, 'infinity')
          AND r.determined_on <= coalesce(p_before, 'infinity')
          AND (p_before IS NULL OR r.determined_on < p_before OR r.record_id > p_after)
          AND (p_item_code = '' OR r.item_code = p_item_code)
          AND (p_authority = '' OR r.determining_authority = p_authority)
          AND (p_division = '' OR starts_with(substr(r.determining_authority, 3), p_division))
          AND r.item_code = ANY (v_items)
        ORDER BY r.determined_on DESC, r.record_id LIMIT p_most;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.record_id, r.version, r.subject_id, r.person, r.item_code, r.determining_authority, r.determined_on,
           nullif(r.ends_before, 'infinity'), r.share_wrap,
           (SELECT t.fields FROM record_text t WHERE t.bucket = r.bucket AND t.record_id = r.record_id)
    FROM record r
    WHERE r.bucket = p_bucket AND r.subject_id = v_subject AND NOT r.person
      AND r.public AND r.ended_at IS NULL AND r.ends_before > v_now
      AND r.determined_on >= coalesce(p_since, '-infinity') AND r.determined_on < coalesce(p_until, 'infinity')
      AND (p_before IS NULL OR r.determined_on < p_before OR (r.determined_on = p_before AND r.record_id > p_after))
      AND (p_item_code = '' OR r.item_code = p_item_code)
      AND (p_authority = '' OR r.determining_authority = p_authority)
      AND (p_division = '' OR starts_with(substr(r.determining_authority, 3), p_division))
      AND r.item_code = ANY (v_items)
    ORDER BY r.determined_on DESC, r.record_id LIMIT p_most;
END $$;

REVOKE ALL ON FUNCTION own, provided, published FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own, provided, published TO catalog_answer;
