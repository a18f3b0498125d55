-- The doors that change: handing in, ending sharing. Each writes its entry through journal_write in the same
-- transaction (services/catalog/office.py); each finds out itself what the caller's certificate may do.

-- The authority that a certificate is enrolled for, if it has one of the roles.
CREATE FUNCTION authority_with_role(p_fingerprint bytea, p_roles text[]) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = catalog, pg_temp AS $$
DECLARE
    v_authority text;
BEGIN
    SELECT e.authority INTO v_authority FROM enrolment e
    WHERE e.fingerprint = p_fingerprint AND e.revoked_at IS NULL AND e.not_after > clock_timestamp()
      AND e.roles && p_roles;
    IF v_authority IS NULL THEN
        RAISE EXCEPTION 'the certificate has none of the roles %', p_roles USING ERRCODE = 'CX001';
    END IF;
    RETURN v_authority;
END $$;

-- The parties' random ids as they stand, null where a party is new, in the order asked: what records are sealed for
-- before the transaction that stores them, which has the last word.
CREATE FUNCTION subjects_known(p_bucket smallint[], p_tag bytea[]) RETURNS TABLE (subject_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = catalog, pg_temp
BEGIN ATOMIC
    SELECT s.subject_id FROM unnest(p_bucket, p_tag) WITH ORDINALITY AS a (bucket, tag, n)
    LEFT JOIN LATERAL (SELECT t.subject_id FROM subject_tag t WHERE t.bucket = a.bucket AND t.tag = a.tag OFFSET 0) s
        ON true
    ORDER BY a.n;
END;

-- The parties' random ids, made where a party is new: `p_fresh`, or where that is null a drawn one. In the order asked.
-- `p_next_tag` are the tags under the key that is taking over, when there is one: the old tag decides who a party is, and
-- is written first by all, so that two who hand in the same new party wait for each other in one order; the new tag names
-- it in the end. Whatever is looked up by key says so (OFFSET 0): plans are kept from when the tables were small.
CREATE FUNCTION subjects_for(p_bucket smallint[], p_canon smallint[], p_fresh uuid[], p_epoch smallint, p_tag bytea[],
                             p_next_epoch smallint, p_next_tag bytea[]) RETURNS TABLE (subject_id uuid)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_found uuid[];
BEGIN
    FOR attempt IN 1..3 LOOP
        WITH tagged AS (
            INSERT INTO subject_tag (bucket, tag, epoch, canon, subject_id)
            SELECT DISTINCT ON (a.bucket, a.tag) a.bucket, a.tag, p_epoch, a.canon, coalesce(a.fresh, gen_random_uuid())
            FROM unnest(p_bucket, p_canon, p_fresh, p_tag) AS a (bucket, canon, fresh, tag)
            LEFT JOIN LATERAL (SELECT true AS known FROM subject_tag s WHERE s.bucket = a.bucket AND s.tag = a.tag
                               OFFSET 0) k ON true
            WHERE k.known IS NULL
            ORDER BY a.bucket, a.tag
            ON CONFLICT DO NOTHING
            RETURNING bucket, subject_id
        )
        INSERT INTO subject (bucket, subject_id) SELECT t.bucket, t.subject_id FROM tagged t;
        IF p_next_epoch IS NOT NULL THEN
            INSERT INTO subject_tag (bucket, tag, epoch, canon, subject_id)
            SELECT DISTINCT ON (a.bucket, a.next_tag) a.bucket, a.next_tag, p_next_epoch, a.canon, s.subject_id
            FROM unnest(p_bucket, p_canon, p_tag, p_next_tag) AS a (bucket, canon, tag, next_tag)
            CROSS JOIN LATERAL (SELECT t.subject_id FROM subject_tag t WHERE t.bucket = a.bucket AND t.tag = a.tag
                                OFFSET 0) s
            ORDER BY a.bucket, a.next_tag
            ON CONFLICT DO NOTHING;
        END IF;
        -- Locked as the record's foreign key will lock it, so that the eraser passes it over from here on.
        SELECT array_agg(l.subject_id ORDER BY l.n) INTO v_found FROM (
            SELECT a.n, x.subject_id
            FROM unnest(p_bucket, CASE WHEN p_next_epoch IS NULL THEN p_tag ELSE p_next_tag END)
                WITH ORDINALITY AS a (bucket, tag, n)
            CROSS JOIN LATERAL (
                SELECT t.subject_id FROM subject_tag t
                JOIN subject o ON o.bucket = t.bucket AND o.subject_id = t.subject_id
                WHERE t.bucket = a.bucket AND t.tag = a.tag FOR KEY SHARE OF o) x) l;
        IF coalesce(cardinality(v_found), 0) = cardinality(p_bucket) THEN
            RETURN QUERY SELECT f FROM unnest(v_found) WITH ORDINALITY AS u (f, n) ORDER BY n;
            RETURN;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'a party was being erased' USING ERRCODE = 'serialization_failure';
END $$;

-- Takes in records, already validated and sealed; the item's being in force is checked again here, under the
-- policy lock. A number known with the same content is answered with the record held; with other content, refused; 'again'
-- means that another call is handing in the same number at this moment.
CREATE FUNCTION hand_in(
    p_fingerprint bytea, p_number_tag bytea[], p_content_digest bytea[], p_bucket smallint[], p_record_id uuid[],
    p_version bigint[], p_subject_id uuid[], p_person boolean[], p_item_code text[], p_determining_authority text[],
    p_document_kind text[], p_document_tag bytea[], p_severity text[], p_determined_on date[],
    p_earliest_repair_on date[], p_ends_before timestamptz[], p_public boolean[], p_sample boolean[],
    p_archive_wrap bytea[], p_share_wrap bytea[], p_fields bytea[], p_name_epoch smallint, p_name_tag integer[],
    p_next_name_epoch smallint, p_next_name_tag integer[])
    RETURNS TABLE (outcome text, record_id uuid)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_provider text := authority_with_role(p_fingerprint, '{provider,office}');
    v_now timestamptz;
    v_today date;
BEGIN
    PERFORM lock_policy(false);
    v_now := house_now();
    v_today := (v_now AT TIME ZONE 'Asia/Shanghai')::date;
    IF NOT (SELECT sample FROM house) AND true = ANY (p_sample) THEN
        RAISE EXCEPTION 'sample data in a house that is not a sample' USING ERRCODE = 'CX001';
    END IF;
    RETURN QUERY
    WITH allowed AS MATERIALIZED (
        SELECT DISTINCT ON (c.code) c.code, c.retention_months FROM item c
        WHERE c.in_force_from <= v_today AND (c.in_force_until IS NULL OR v_today < c.in_force_until)
        ORDER BY c.code, c.in_force_from
    ), asked AS MATERIALIZED (
        SELECT a.*, v_now >= a.ends_before AS over, i.code IS NOT NULL AS in_force, i.retention_months
        FROM unnest(p_number_tag, p_content_digest, p_bucket, p_record_id, p_version, p_subject_id, p_person,
                    p_item_code, p_determining_authority, p_document_kind, p_document_tag, p_severity,
                    p_determined_on, p_earliest_repair_on, p_ends_before, p_public, p_sample, p_archive_wrap,
                    p_share_wrap, p_fields, p_name_tag, p_next_name_tag) WITH ORDINALITY
             AS a (number_tag, content_digest, bucket, record_id, version, subject_id, person, item_code,
                   determining_authority, document_kind, document_tag, severity, determined_on, earliest_repair_on,
                   ends_before, public, sample, archive_wrap, share_wrap, fields, name_tag, next_name_tag, n)
        LEFT JOIN allowed i ON i.code = a.item_code
    ), numbered AS (
        INSERT INTO record_number (place, provider, number_tag, content_digest, record_id)
        SELECT get_byte(a.number_tag, 0), v_provider, a.number_tag, a.content_digest, a.record_id
        FROM asked a WHERE a.in_force AND NOT a.over ORDER BY a.number_tag, a.n
        ON CONFLICT DO NOTHING
        RETURNING record_number.record_id, number_tag, content_digest
    ), fresh AS MATERIALIZED (
        -- By bucket, as the keys begin: neighbours go to the same pages of the indexes.
        SELECT a.* FROM asked a JOIN numbered n ON n.record_id = a.record_id ORDER BY a.bucket, a.record_id
    ), stored AS (
        INSERT INTO record (bucket, record_id, version, subject_id, person, item_code, provider,
                            determining_authority, document_kind, document_tag, severity, determined_on,
                            earliest_repair_on, ends_before, public, sample, archive_wrap, share_wrap, handed_in_at,
                            erase_before)
        SELECT a.bucket, a.record_id, a.version, a.subject_id, a.person, a.item_code, v_provider,
               a.determining_authority, a.document_kind, a.document_tag, a.severity, a.determined_on,
               a.earliest_repair_on, a.ends_before, a.public, a.sample, a.archive_wrap, a.share_wrap, v_now,
               greatest((a.determined_on + make_interval(months => a.retention_months))::date,
                        (a.ends_before AT TIME ZONE 'Asia/Shanghai')::date)
        FROM fresh a
    ), said AS (
        INSERT INTO record_text (bucket, record_id, fields) SELECT a.bucket, a.record_id, a.fields FROM fresh a
    ), placed AS (
        INSERT INTO record_place (place, record_id, bucket)
        SELECT place_of(a.record_id), a.record_id, a.bucket FROM fresh a
    ), told AS (
        INSERT INTO change_event (bucket, xid, at, kind, record_id, version, item_code)
        SELECT a.bucket, pg_current_xact_id(), v_now, 'recorded', a.record_id, a.version, a.item_code FROM fresh a
    ), named AS (
        INSERT INTO public_name (bucket, record_id, epoch, tag, determined_on)
        SELECT a.bucket, a.record_id, e.epoch, e.tag, a.determined_on
        FROM fresh a CROSS JOIN LATERAL (VALUES (p_name_epoch, a.name_tag), (p_next_name_epoch, a.next_name_tag))
            AS e (epoch, tag)
        WHERE a.public AND NOT a.person AND e.epoch IS NOT NULL AND e.tag IS NOT NULL
    )
    SELECT CASE WHEN NOT a.in_force THEN 'ITEM_NOT_IN_FORCE'
                WHEN a.over THEN 'RETENTION_PASSED'
                WHEN n.record_id IS NOT NULL THEN 'accepted'
                WHEN coalesce(k.content_digest, b.content_digest) IS NULL THEN 'again'
                WHEN coalesce(k.content_digest, b.content_digest) = a.content_digest THEN 'held'
                ELSE 'NUMBER_USED_FOR_OTHER_CONTENT' END,
           CASE WHEN n.record_id IS NOT NULL THEN n.record_id
                WHEN coalesce(k.content_digest, b.content_digest) = a.content_digest
                THEN coalesce(k.record_id, b.record_id) END
    FROM asked a
    LEFT JOIN numbered n ON n.record_id = a.record_id
    LEFT JOIN LATERAL (
        SELECT r.content_digest, r.record_id FROM record_number r
        WHERE n.record_id IS NULL AND r.place = get_byte(a.number_tag, 0) AND r.provider = v_provider
          AND r.number_tag = a.number_tag OFFSET 0) k ON true
    LEFT JOIN LATERAL (  -- only for what was not taken: a plan from small tables goes through all of them for each
        SELECT m.content_digest, m.record_id FROM numbered m
        WHERE n.record_id IS NULL AND m.number_tag = a.number_tag OFFSET 0) b ON true
    ORDER BY a.n;
    PERFORM pg_notify('chengxin_change', pg_current_xact_id()::text);
END $$;

-- Ends the sharing of records whose buckets are locked exclusively: destroys the share wrap, tells the feed.
CREATE FUNCTION end_now(p_bucket smallint[], p_record_id uuid[], p_reason text) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SET search_path = catalog, pg_temp AS $$
DECLARE
    v_now timestamptz := house_now();
BEGIN
    WITH ended AS (
        UPDATE record r SET ended_at = v_now, end_reason = p_reason, share_wrap = NULL
        FROM unnest(p_bucket, p_record_id) AS a (bucket, record_id)
        WHERE r.bucket = a.bucket AND r.record_id = a.record_id AND r.ended_at IS NULL
        RETURNING r.bucket, r.record_id, r.version, r.item_code
    )
    INSERT INTO change_event (bucket, xid, at, kind, record_id, version, item_code, end_reason)
    SELECT e.bucket, pg_current_xact_id(), v_now, 'withdrawn', e.record_id, e.version, e.item_code, p_reason FROM ended e;
    PERFORM pg_notify('chengxin_change', pg_current_xact_id()::text);
    RETURN v_now;
END $$;

-- Ends the sharing of one record, for its provider, its determining authority or an office that carries out a
-- decision. Gives no row for a record that does not exist or is another's: the two look the same.
CREATE FUNCTION end_sharing(p_fingerprint bytea, p_record_id uuid, p_number_tag bytea, p_reason text)
    RETURNS TABLE (record_id uuid, ended_at timestamptz, already_ended boolean)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_authority text := authority_with_role(p_fingerprint, '{provider,repair_authority,list_authority,office}');
    v_office boolean := EXISTS (SELECT FROM enrolment e WHERE e.fingerprint = p_fingerprint AND 'office' = ANY (e.roles));
    v_bucket smallint;
    v_record record;
BEGIN
    IF p_record_id IS NULL THEN
        SELECT k.record_id INTO p_record_id FROM record_number k
        WHERE k.place = get_byte(p_number_tag, 0) AND k.provider = v_authority AND k.number_tag = p_number_tag;
    END IF;
    SELECT p.bucket INTO v_bucket FROM record_place p WHERE p.place = place_of(p_record_id) AND p.record_id = p_record_id;
    IF v_bucket IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_buckets(ARRAY[v_bucket], true);
    SELECT * INTO v_record FROM record r WHERE r.bucket = v_bucket AND r.record_id = p_record_id;
    IF NOT v_office AND v_authority NOT IN (v_record.provider, v_record.determining_authority) THEN
        RETURN;
    END IF;
    IF v_record.ended_at IS NOT NULL THEN
        RETURN QUERY SELECT p_record_id, v_record.ended_at, true;
    ELSE
        RETURN QUERY SELECT p_record_id, end_now(ARRAY[v_bucket], ARRAY[p_record_id], p_reason), false;
    END IF;
END $$;

-- Ends the sharing of every record of the caller that rests on a document.
CREATE FUNCTION revoke_document(p_fingerprint bytea, p_document_tag bytea) RETURNS TABLE (record_id uuid)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_authority text := authority_with_role(p_fingerprint, '{provider}');
    v_buckets smallint[];
    v_ids uuid[];
BEGIN
    SELECT array_agg(DISTINCT r.bucket) INTO v_buckets FROM record r
    WHERE r.bucket BETWEEN 0 AND 255 AND r.provider = v_authority AND r.document_tag = p_document_tag
      AND r.ended_at IS NULL;
    IF v_buckets IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_buckets(v_buckets, true);
    SELECT array_agg(r.bucket), array_agg(r.record_id) INTO v_buckets, v_ids FROM record r
    WHERE r.bucket = ANY (v_buckets) AND r.provider = v_authority AND r.document_tag = p_document_tag
      AND r.ended_at IS NULL;
    PERFORM end_now(v_buckets, v_ids, 'document_revoked');
    RETURN QUERY SELECT unnest(v_ids);
END $$;

-- Items of which no version is in force on a day.
CREATE FUNCTION items_not_in_force(p_today date) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT o.code), '{}') FROM item o WHERE NOT EXISTS (
        SELECT FROM item i WHERE i.code = o.code AND i.in_force_from <= p_today
            AND (i.in_force_until IS NULL OR p_today < i.in_force_until))
$$;

-- Buckets in which something has ended already by its date, and of each repealed item the first in which it is shared.
-- By bucket and by item: what is in force need not be read to find what is not.
CREATE FUNCTION buckets_to_sweep() RETURNS smallint[]
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_now timestamptz := house_now();
BEGIN
    RETURN ARRAY(
        SELECT d.bucket FROM generate_series(0, 255) b CROSS JOIN LATERAL (
            SELECT r.bucket FROM record r WHERE r.bucket = b AND r.ended_at IS NULL AND r.ends_before <= v_now
            ORDER BY r.ends_before LIMIT 1) d
        UNION
        SELECT d.bucket FROM unnest(items_not_in_force(house_today())) AS repealed (code) CROSS JOIN LATERAL (
            SELECT r.bucket FROM record r WHERE r.item_code = repealed.code AND r.ended_at IS NULL
            ORDER BY r.bucket LIMIT 1) d
        ORDER BY bucket);
END $$;

-- Ends the sharing of rows that the sweeper has just found in the bucket that it has locked; gives of how many. By where
-- they stand: by their keys each would be looked up a second time. One that was written anew in between (its wrap, by a
-- rotation) may be left for the next step; no other row can have taken its place, which the calling statement's snapshot
-- still sees.
CREATE FUNCTION end_found(p_rows tid[], p_reason text, p_now timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = catalog, pg_temp AS $$
DECLARE
    v_ended integer;
BEGIN
    IF p_rows = '{}' THEN
        RETURN 0;
    END IF;
    WITH ended AS (
        UPDATE record r SET ended_at = p_now, end_reason = p_reason, share_wrap = NULL
        WHERE r.ctid = ANY (p_rows) AND r.ended_at IS NULL
        RETURNING r.bucket, r.record_id, r.version, r.item_code
    )
    INSERT INTO change_event (bucket, xid, at, kind, record_id, version, item_code, end_reason)
    SELECT e.bucket, pg_current_xact_id(), p_now, 'withdrawn', e.record_id, e.version, e.item_code, p_reason FROM ended e;
    GET DIAGNOSTICS v_ended = ROW_COUNT;
    PERFORM pg_notify('chengxin_change', pg_current_xact_id()::text);
    RETURN v_ended;
END $$;

-- Carries out what has ended already in one bucket, by its date or its item: stamps it, destroys share wraps, tells the
-- feed. One step of at most p_most records: who asks about the bucket meanwhile waits for it, and nobody else does.
CREATE FUNCTION sweep(p_bucket smallint, p_most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_now timestamptz;
    v_today date := house_today();
    v_expired integer;
BEGIN
    PERFORM lock_buckets(ARRAY[p_bucket], true);
    v_now := house_now();
    v_expired := end_found(ARRAY(SELECT r.ctid FROM record r
        WHERE r.bucket = p_bucket AND r.ended_at IS NULL AND r.ends_before <= v_now ORDER BY r.ends_before LIMIT p_most),
        'expired', v_now);
    RETURN v_expired + end_found(ARRAY(
        SELECT r.ctid FROM unnest(items_not_in_force(v_today)) AS repealed (code) CROSS JOIN LATERAL (
            SELECT ctid FROM record WHERE item_code = repealed.code AND bucket = p_bucket AND ended_at IS NULL
            LIMIT p_most) r
        LIMIT p_most - v_expired), 'repealed', v_now);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA catalog FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subjects_known, subjects_for, hand_in, end_sharing, revoke_document TO catalog_change;
GRANT EXECUTE ON FUNCTION buckets_to_sweep, sweep TO catalog_worker;
