-- The doors of key rotation, for the worker alone. They give wraps and where each stands, never a record's fields but the
-- sealed identifier that a new index needs; and they write a wrap or tag only where nothing has changed meanwhile.
-- What drives them is the row of the rotation; see foundation/db/keys.sql.

-- One sealed field of a packed record as it would stand alone: head, nonce, ciphertext with tag; null where the record has
-- none or is not of that form. Source: docs/formats.md, Layouts.
CREATE FUNCTION packed_field(fields bytea, wanted text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_at integer := 37;  -- behind version (1), head (2), commitment (32), length of the shape (2)
    v_end integer;
    v_field integer;
    v_name integer;
    v_size integer;
BEGIN
    v_end := v_at + (get_byte(fields, 35) << 8) + get_byte(fields, 36);
    v_field := v_end;
    WHILE v_at < v_end LOOP
        v_name := get_byte(fields, v_at);
        v_size := 12 + (get_byte(fields, v_at + v_name + 1) << 24) + (get_byte(fields, v_at + v_name + 2) << 16)
                  + (get_byte(fields, v_at + v_name + 3) << 8) + get_byte(fields, v_at + v_name + 4);
        IF substring(fields FROM v_at + 2 FOR v_name) = convert_to(wanted, 'UTF8') THEN
            RETURN substring(fields FROM 2 FOR 2) || substring(fields FROM v_field + 1 FOR v_size);
        END IF;
        v_at := v_at + v_name + 5;
        v_field := v_field + v_size;
    END LOOP;
    RETURN NULL;
EXCEPTION WHEN array_subscript_error THEN
    RETURN NULL;
END $$;

-- The next page of a rotation under way: at most `p_most` rows are looked at, what has to be done among them is given,
-- and where the page ends. Rewrapping goes by record.
CREATE FUNCTION key_page(
    p_rotation uuid, p_most integer,
    OUT seen integer, OUT end_bucket smallint, OUT end_id uuid,
    OUT buckets smallint[], OUT ids uuid[], OUT record_ids uuid[], OUT versions bigint[], OUT refs bytea[],
    OUT wraps bytea[], OUT keys text[], OUT sealed bytea[])
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    v key_rotation;
BEGIN
    SELECT * INTO STRICT v FROM key_rotation k WHERE k.rotation_id = p_rotation AND k.state = 'working';
    IF v.method = 'rewrap' THEN
        WITH page AS (
            SELECT r.bucket, r.record_id, r.version, r.subject_id,
                   CASE WHEN v.from_key LIKE 'share/%' THEN r.share_wrap ELSE r.archive_wrap END AS wrap
            FROM record r WHERE (r.bucket, r.record_id) > (v.after_bucket, v.after_id)
            ORDER BY r.bucket, r.record_id LIMIT p_most
        ), due AS (SELECT * FROM page p WHERE wrap_key(p.wrap) = v.from_key)
        SELECT (SELECT count(*) FROM page), l.bucket, l.record_id, d.* INTO seen, end_bucket, end_id, buckets, ids,
               record_ids, versions, refs, wraps, keys, sealed
        FROM (SELECT array_agg(bucket), array_agg(record_id), array_agg(record_id), array_agg(version),
                     array_agg(uuid_send(subject_id)), array_agg(wrap), array_agg(wrap_key(wrap)), array_agg(NULL::bytea) FROM due) d
        LEFT JOIN (SELECT bucket, record_id FROM page ORDER BY bucket DESC, record_id DESC LIMIT 1) l ON true;
    ELSE
        SELECT * INTO seen, end_bucket, end_id, buckets, ids, record_ids, versions, refs, wraps, keys, sealed
        FROM index_page(v, p_most);
    END IF;
END $$;

-- Writes what a page's rows became: compare and swap on the wrap that was given, waiting for nobody. What somebody holds
-- or has changed is left to the next pass. A wrap must be of the same data key and under the key that takes over.
CREATE FUNCTION key_put(p_rotation uuid, p_bucket smallint[], p_id uuid[], p_old bytea[], p_new bytea[]) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v key_rotation;
    v_done integer;
BEGIN
    SELECT * INTO STRICT v FROM key_rotation k WHERE k.rotation_id = p_rotation AND k.state = 'working';
    IF v.method = 'index' THEN
        RETURN index_put(v, p_bucket, p_id, p_new);
    END IF;
    IF EXISTS (SELECT FROM unnest(p_old, p_new) AS g (old, new)
               WHERE wrap_key(g.new) <> v.to_key OR octet_length(g.new) < 32
                  OR substring(g.new FROM octet_length(g.new) - 31) <> substring(g.old FROM octet_length(g.old) - 31)) THEN
        RAISE EXCEPTION 'a rewrap changes nothing but the key that wraps' USING ERRCODE = 'CX001';
    END IF;
    IF v.from_key LIKE 'share/%' THEN
        WITH given AS (SELECT * FROM unnest(p_bucket, p_id, p_old, p_new) AS g (bucket, id, old, new)),
        free AS (SELECT r.bucket, r.record_id FROM record r JOIN given g ON r.bucket = g.bucket AND r.record_id = g.id
                 WHERE r.share_wrap = g.old FOR UPDATE OF r SKIP LOCKED)
        UPDATE record r SET share_wrap = g.new
        FROM free f JOIN given g ON g.bucket = f.bucket AND g.id = f.record_id
        WHERE r.bucket = f.bucket AND r.record_id = f.record_id AND r.share_wrap = g.old;
    ELSE
        WITH given AS (SELECT * FROM unnest(p_bucket, p_id, p_old, p_new) AS g (bucket, id, old, new)),
        free AS (SELECT r.bucket, r.record_id FROM record r JOIN given g ON r.bucket = g.bucket AND r.record_id = g.id
                 WHERE r.archive_wrap = g.old FOR UPDATE OF r SKIP LOCKED)
        UPDATE record r SET archive_wrap = g.new
        FROM free f JOIN given g ON g.bucket = f.bucket AND g.id = f.record_id
        WHERE r.bucket = f.bucket AND r.record_id = f.record_id AND r.archive_wrap = g.old;
    END IF;
    GET DIAGNOSTICS v_done = ROW_COUNT;
    RETURN v_done;
END $$;

-- The indexes: by a party's identifier, and, of organisations on the public list, by name.
INSERT INTO key_index (key, tags, id, beside, owner, living, source) VALUES
    ('index/subject', 'subject_tag', 'subject_id', 'canon', 'subject', 'true',
     'SELECT r.record_id, r.version, uuid_send(r.subject_id), r.archive_wrap, packed_field(t.fields, ''party_identifier'')
      FROM record r JOIN record_text t ON t.bucket = r.bucket AND t.record_id = r.record_id
      WHERE r.bucket = o.bucket AND r.subject_id = o.subject_id AND r.archive_wrap IS NOT NULL
      ORDER BY r.handed_in_at DESC LIMIT 1'),
    ('index/name', 'public_name', 'record_id', 'determined_on', 'record', 'o.ended_at IS NULL',
     'SELECT o.record_id, o.version, uuid_send(o.subject_id), o.archive_wrap, packed_field(t.fields, ''party_name'')
      FROM record_text t WHERE t.bucket = o.bucket AND t.record_id = o.record_id AND o.archive_wrap IS NOT NULL');

-- A party goes with its last tag, when there is no record of it.
CREATE FUNCTION forget_party() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp AS $$
BEGIN
    DELETE FROM subject s USING gone g WHERE s.bucket = g.bucket AND s.subject_id = g.subject_id
        AND NOT EXISTS (SELECT FROM subject_tag t WHERE t.bucket = s.bucket AND t.subject_id = s.subject_id)
        AND NOT EXISTS (SELECT FROM record r WHERE r.bucket = s.bucket AND r.subject_id = s.subject_id);
    RETURN NULL;
END $$;
CREATE TRIGGER forget_party AFTER DELETE ON subject_tag REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION forget_party();

-- No record comes in under a key that is verified to wrap nothing any more, whoever forgot to ask which one is in use.
CREATE FUNCTION record_key_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM key_rotation k WHERE k.verified_at IS NOT NULL AND k.method = 'rewrap'
                 AND k.from_key IN (SELECT wrap_key(w) FROM handed_in h, unnest(ARRAY[h.share_wrap, h.archive_wrap]) w)) THEN
        RAISE EXCEPTION 'a key that is being retired wraps nothing new' USING ERRCODE = 'CX001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER record_key_guard AFTER INSERT ON record REFERENCING NEW TABLE AS handed_in
    FOR EACH STATEMENT EXECUTE FUNCTION record_key_guard();

REVOKE ALL ON FUNCTION packed_field, key_page, key_put, record_key_guard, forget_party FROM PUBLIC;
GRANT EXECUTE ON FUNCTION key_page, key_put, key_drop TO catalog_worker;
REVOKE INSERT ON key_rotation FROM catalog_answer, catalog_archive, catalog_eraser;
REVOKE EXECUTE ON FUNCTION key_due, key_begin, key_note, key_retired FROM catalog_answer, catalog_change,
    catalog_archive, catalog_eraser;
REVOKE EXECUTE ON FUNCTION key_approve FROM catalog_answer, catalog_worker, catalog_archive, catalog_eraser;
