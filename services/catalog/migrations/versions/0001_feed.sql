-- The door `changes`: the feed from a cursor on, journalled as a disclosure. A position is (xid, event_id) below the
-- oldest running transaction, so that a late commit is never skipped. A withdrawal goes to whoever ever received the
-- record; a record comes to whom the grant shows it, and only while it is shared.
CREATE FUNCTION changes(
    p_fingerprint bytea, p_purpose text, p_xid xid8, p_event_id bigint, p_most integer, p_query uuid, p_salt bytea,
    p_sealed bytea, p_officer_tag bytea,
    OUT reason text, OUT upto_xid xid8, OUT upto_event_id bigint, OUT events jsonb, OUT entry_id bigint,
    OUT as_of timestamptz, OUT digest bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    v_authority text;
    v_grant access_grant;
    v_today date;
    v_events change_event[];
    v_shown change_event[];
    v_items text[];
    v_disclosed text[];
BEGIN
    PERFORM lock_policy(false);
    as_of := house_now();
    v_today := (as_of AT TIME ZONE 'Asia/Shanghai')::date;
    SELECT e.authority INTO v_authority FROM enrolment e
    WHERE e.fingerprint = p_fingerprint AND e.revoked_at IS NULL AND e.not_after > clock_timestamp()
      AND 'consumer' = ANY (e.roles);
    SELECT g.* INTO v_grant FROM access_grant g
    WHERE g.authority = v_authority AND g.purpose = p_purpose AND g.revoked_at IS NULL
      AND g.starts_at <= as_of AND as_of < g.ends_at
    ORDER BY g.starts_at DESC LIMIT 1;
    IF v_authority IS NULL OR v_grant.grant_id IS NULL THEN
        reason := CASE WHEN v_authority IS NULL THEN 'ROLE_REQUIRED' ELSE 'NOT_GRANTED' END;
        RETURN;
    END IF;
    reason := '';
    SELECT array_agg(e ORDER BY e.xid, e.event_id) INTO v_events FROM (
        SELECT * FROM change_event c
        WHERE (c.xid, c.event_id) > (p_xid, p_event_id) AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY c.xid, c.event_id LIMIT p_most) e;
    IF v_events IS NULL THEN
        RETURN;
    END IF;
    upto_xid := v_events[cardinality(v_events)].xid;
    upto_event_id := v_events[cardinality(v_events)].event_id;
    PERFORM lock_buckets((SELECT array_agg(DISTINCT e.bucket) FROM unnest(v_events) e), false);
    as_of := house_now();
    SELECT array_agg(e ORDER BY e.xid, e.event_id) INTO v_shown FROM unnest(v_events) e
    WHERE CASE e.kind
          WHEN 'withdrawn' THEN EXISTS (
              SELECT FROM disclosure d
              WHERE d.bucket = e.bucket AND d.record_id = e.record_id AND d.authority = v_authority)
          ELSE e.item_code = ANY (v_grant.item_codes) AND item_is_shared(e.item_code, v_today) AND EXISTS (
              SELECT FROM record r
              WHERE r.bucket = e.bucket AND r.record_id = e.record_id AND r.ended_at IS NULL AND r.ends_before > as_of)
          END;
    IF v_shown IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO disclosure (bucket, record_id, authority, first_at)
    SELECT e.bucket, e.record_id, v_authority, as_of FROM unnest(v_shown) e WHERE e.kind = 'recorded'
    ON CONFLICT DO NOTHING;
    SELECT array_agg(DISTINCT e.item_code), array_agg(e.record_id || ':' || e.version || ':' || e.kind),
           jsonb_agg(jsonb_build_object('kind', e.kind, 'record_id', e.record_id, 'version', e.version,
                                        'item_code', e.item_code, 'at', e.at, 'end_reason', e.end_reason))
    INTO v_items, v_disclosed, events FROM unnest(v_shown) e;
    SELECT w.entry_id, w.digest INTO entry_id, digest
    FROM journal_write(-1::smallint, 'SharingService.WatchChanges', p_query, 1, v_authority, p_fingerprint, p_purpose,
                       v_grant.grant_id, 'answered', '', p_salt, p_sealed, NULL, v_items, v_disclosed,
                       p_officer_tag) w;
END $$;

-- Records that the caller has deleted its copy of a withdrawn record. No row when it never received it.
CREATE FUNCTION acknowledge(p_fingerprint bytea, p_record_id uuid) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_authority text;
    v_bucket smallint;
    v_at timestamptz;
BEGIN
    SELECT e.authority INTO v_authority FROM enrolment e
    WHERE e.fingerprint = p_fingerprint AND e.revoked_at IS NULL AND e.not_after > clock_timestamp();
    SELECT p.bucket INTO v_bucket FROM record_place p WHERE p.place = place_of(p_record_id) AND p.record_id = p_record_id;
    INSERT INTO acknowledgement (bucket, record_id, authority, acknowledged_at)
    SELECT d.bucket, d.record_id, d.authority, house_now()
    FROM disclosure d JOIN record r ON r.bucket = d.bucket AND r.record_id = d.record_id AND r.ended_at IS NOT NULL
    WHERE d.bucket = v_bucket AND d.record_id = p_record_id AND d.authority = v_authority
    ON CONFLICT DO NOTHING;
    SELECT a.acknowledged_at INTO v_at FROM acknowledgement a
    WHERE a.bucket = v_bucket AND a.record_id = p_record_id AND a.authority = v_authority;
    RETURN v_at;
END $$;
REVOKE ALL ON FUNCTION changes, acknowledge FROM PUBLIC;
GRANT EXECUTE ON FUNCTION changes, acknowledge TO catalog_answer;
