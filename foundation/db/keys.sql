-- How this office's keys are rotated: rows, each a state machine that a worker carries on step by step.
-- Run as the schema's owner after house.sql. {schema} and {roles} are filled in by migrate.py.
-- Source: docs/running.md, Rotating keys.

-- The provider's key that wraps a key, where it is not (any more) the one of its own name.
ALTER TABLE keyring ADD COLUMN provider_key text;
GRANT UPDATE (wrapped, provider_key) ON keyring TO {roles};

-- `key` is what rotates: share/2027-03, archive/2031, index/subject; its generations are share/2027-03, share/2027-03/2
-- and so on, those of an index index/subject/1, index/subject/2. Method `provider` wraps one key anew under a new key of
-- the provider: from_key and to_key are then the provider's. Officials stand as tags keyed over their numbers, which the
-- constraints compare; proposal and approval are the numbers sealed. started_by: null where the house started it itself;
-- proposed_by: the first of the two officials that retiring the old key takes.
CREATE TABLE key_rotation (
    rotation_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    n            bigint GENERATED ALWAYS AS IDENTITY,
    key          text NOT NULL,
    method       text NOT NULL CHECK (method IN ('rewrap', 'index', 'provider')),
    from_key     text NOT NULL,
    to_key       text NOT NULL CHECK (to_key <> from_key),
    state        text NOT NULL DEFAULT 'prepared'
                 CHECK (state IN ('prepared', 'working', 'verified', 'approved', 'retired')),
    started_by   bytea CHECK (octet_length(started_by) = 16),
    proposed_by  bytea CHECK (octet_length(proposed_by) = 16),
    proposal     bytea,
    approved_by  bytea CHECK (octet_length(approved_by) = 16),
    approval     bytea,
    started_at   timestamptz NOT NULL DEFAULT house_now(),
    verified_at  timestamptz,
    approved_at  timestamptz,
    retired_at   timestamptz,
    done         bigint NOT NULL DEFAULT 0,
    unopened     bigint NOT NULL DEFAULT 0,
    after_bucket smallint NOT NULL DEFAULT -1,
    after_id     uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    pass_found   bigint NOT NULL DEFAULT 0,
    pass_began   timestamptz,
    known_at     timestamptz,
    rest_until   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT retiring_takes_two_officials
        CHECK (approved_by IS NULL OR (proposed_by IS NOT NULL AND approved_by <> proposed_by)),
    CONSTRAINT sealed_beside_its_tag
        CHECK ((proposal IS NULL) = (proposed_by IS NULL) AND (approval IS NULL) = (approved_by IS NULL)),
    CONSTRAINT nothing_retires_unapproved CHECK ((state IN ('approved', 'retired')) = (approved_by IS NOT NULL)),
    CONSTRAINT nothing_retires_unverified CHECK ((state IN ('prepared', 'working')) = (verified_at IS NULL))
);
CREATE UNIQUE INDEX key_rotation_under_way ON key_rotation (key) WHERE state <> 'retired';
CREATE UNIQUE INDEX key_rotation_once ON key_rotation (to_key, from_key);

-- Steps come in their order; what a rotation is, and who has put a name to it, stays.
CREATE FUNCTION key_rotation_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
           (NEW.key, NEW.method, NEW.from_key, NEW.to_key, NEW.started_by, NEW.started_at)
           IS DISTINCT FROM (OLD.key, OLD.method, OLD.from_key, OLD.to_key, OLD.started_by, OLD.started_at)
           OR OLD.proposed_by IS NOT NULL
              AND (NEW.proposed_by, NEW.proposal) IS DISTINCT FROM (OLD.proposed_by, OLD.proposal)
           OR OLD.approved_by IS NOT NULL
              AND (NEW.approved_by, NEW.approval) IS DISTINCT FROM (OLD.approved_by, OLD.approval)
           OR NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
               ('prepared', 'working'), ('working', 'verified'), ('verified', 'approved'), ('approved', 'retired')))
       OR TG_OP = 'INSERT' AND (NEW.state <> 'prepared' OR NEW.proposed_by IS DISTINCT FROM NEW.started_by) THEN
        RAISE EXCEPTION 'a rotation takes its steps in order, each once' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER key_rotation_guard BEFORE INSERT OR UPDATE OR DELETE ON key_rotation
    FOR EACH ROW EXECUTE FUNCTION key_rotation_guard();

-- The key that a stored wrap names. Source: docs/formats.md, Layouts.
CREATE FUNCTION wrap_key(wrap bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN octet_length(wrap) > 3 THEN encode(substring(wrap FROM 4 FOR get_byte(wrap, 2)), 'escape') END;
CREATE FUNCTION key_epoch(key text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN substring(key FROM '[0-9]+$')::smallint;

-- The keys of a family in use: by which an index is read, and those that write, the newest last. An index is written by
-- both until its old key is to be retired, and read by the old one until the new one is complete.
CREATE FUNCTION keys_in_use(p_key text, OUT reading text, OUT writing text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    r key_rotation;
BEGIN
    SELECT * INTO r FROM key_rotation k WHERE k.key = p_key AND k.method <> 'provider' ORDER BY k.n DESC LIMIT 1;
    IF r.key IS NULL THEN
        reading := CASE WHEN p_key LIKE 'index/%' THEN p_key || '/1' ELSE p_key END;
        writing := ARRAY[reading];
    ELSIF r.method = 'index' AND r.state IN ('prepared', 'working', 'verified') THEN
        reading := CASE r.state WHEN 'verified' THEN r.to_key ELSE r.from_key END;
        writing := ARRAY[r.from_key, r.to_key];
    ELSE
        reading := r.to_key;
        writing := ARRAY[r.to_key];
    END IF;
END $$;

-- The provider's keys that wrap a key, or did or will by a rotation.
CREATE FUNCTION provider_keys(p_name text) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT array_agg(DISTINCT u.key) FROM (
        SELECT p_name UNION ALL SELECT k.provider_key FROM keyring k WHERE k.name = p_name
        UNION ALL SELECT unnest(ARRAY[r.from_key, r.to_key]) FROM key_rotation r
                  WHERE r.key = p_name AND r.method = 'provider') u (key) WHERE u.key IS NOT NULL
$$;

-- The rotation whose turn it is, held by this transaction: a second worker finds another one, or none.
CREATE FUNCTION key_due() RETURNS SETOF key_rotation
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT * FROM key_rotation
    WHERE state IN ('prepared', 'working', 'approved') AND rest_until <= clock_timestamp()
    ORDER BY n LIMIT 1 FOR UPDATE SKIP LOCKED
$$;

-- Begins the work, or after the approval the wait. Every process learns of the step within `p_wait`: until then some
-- may still use what they opened before.
CREATE FUNCTION key_begin(p_rotation uuid, p_wait interval) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    UPDATE key_rotation
    SET state = CASE state WHEN 'prepared' THEN 'working' ELSE state END,
        after_bucket = -1, after_id = '00000000-0000-0000-0000-000000000000', pass_found = 0,
        pass_began = clock_timestamp(), known_at = clock_timestamp() + p_wait,
        rest_until = CASE state WHEN 'approved' THEN clock_timestamp() + p_wait ELSE clock_timestamp() END
    WHERE rotation_id = p_rotation AND known_at IS NULL
    RETURNING state
$$;

-- Notes one step, and at a pass's end what follows. A pass that began when every process knew, and found nothing to do,
-- verifies; any other is followed by one more.
CREATE FUNCTION key_note(p_rotation uuid, p_bucket integer, p_id uuid, p_ended boolean, p_found integer,
                         p_done integer, p_unopened integer) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    r key_rotation;
    v_state text := 'working';
    v_unopened bigint;
BEGIN
    SELECT * INTO STRICT r FROM key_rotation k WHERE k.rotation_id = p_rotation AND k.state = 'working' FOR UPDATE;
    IF p_ended AND r.pass_found + p_found = 0 AND r.pass_began >= r.known_at THEN
        v_state := 'verified';
    END IF;
    v_unopened := p_unopened + CASE WHEN r.after_bucket = -1 THEN 0 ELSE r.unopened END;
    UPDATE key_rotation k
    SET state = v_state,
        verified_at = CASE v_state WHEN 'verified' THEN house_now() END,
        known_at = CASE v_state WHEN 'working' THEN k.known_at END,
        done = k.done + p_done,
        after_bucket = CASE WHEN p_ended THEN -1 ELSE p_bucket END,
        after_id = CASE WHEN p_ended THEN '00000000-0000-0000-0000-000000000000' ELSE p_id END,
        pass_found = CASE WHEN p_ended THEN 0 ELSE k.pass_found + p_found END,
        unopened = v_unopened,
        pass_began = CASE WHEN p_ended THEN greatest(clock_timestamp(), k.known_at) ELSE k.pass_began END,
        rest_until = CASE WHEN p_ended THEN greatest(clock_timestamp(), k.known_at) ELSE clock_timestamp() END
                     + CASE WHEN p_ended AND v_unopened > 0 THEN interval '30 s' ELSE interval '0' END
    WHERE k.rotation_id = p_rotation;
    RETURN v_state;
END $$;

-- One official's word that the old key may go; his number is sealed as the first's and as the second's, since only here
-- it turns out which he is. Gives the state; null where the rotation is not verified.
CREATE FUNCTION key_approve(p_rotation uuid, p_officer bytea, p_proposal bytea, p_approval bytea) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    UPDATE key_rotation
    SET proposed_by = coalesce(proposed_by, p_officer),
        proposal = coalesce(proposal, p_proposal),
        approved_by = CASE WHEN proposed_by IS NOT NULL THEN p_officer END,
        approval = CASE WHEN proposed_by IS NOT NULL THEN p_approval END,
        approved_at = CASE WHEN proposed_by IS NOT NULL THEN house_now() END,
        state = CASE WHEN proposed_by IS NOT NULL THEN 'approved' ELSE state END
    WHERE rotation_id = p_rotation AND state = 'verified'
    RETURNING state
$$;

-- Notes that the old key has been destroyed.
CREATE FUNCTION key_retired(p_rotation uuid) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    UPDATE key_rotation SET state = 'retired', retired_at = house_now()
    WHERE rotation_id = p_rotation AND state = 'approved' AND known_at <= clock_timestamp()
    RETURNING state
$$;

-- Keys without an end whose year is over: what they wrap is due under this year's. Source: docs/formats.md, Keys.
CREATE FUNCTION keys_to_renew() RETURNS TABLE (name text, this_year text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT k.name, substring(k.name FROM '^(?:share|archive)/open-') || to_char(house_today(), 'YYYY')
    FROM keyring k
    WHERE k.destroyed_at IS NULL AND k.name ~ '^(share|archive)/open-[0-9]{4}(/[0-9]+)?$'
      AND substring(k.name FROM 'open-([0-9]{4})') < to_char(house_today(), 'YYYY')
      AND NOT EXISTS (SELECT FROM key_rotation r WHERE r.method = 'rewrap'
                      AND (r.from_key = k.name OR (r.to_key = k.name AND r.state <> 'retired')))
$$;

-- Blind indexes that rotate, each a row here and a table of tags. -----------------------------------------------------

-- `tags` has the columns bucket, `id`, epoch, tag, and those of `beside`, which a new tag takes over from the old one; a
-- row has one tag of each epoch. `id` names a row o of `owner` too. `source` gives, of o, what the tag is made from, and
-- what it takes to open that: record id, version, subject reference, wrap, sealed text; no row where nothing is left. A
-- new tag is put down where `living` holds of o. Written by migrations alone.
CREATE TABLE key_index (
    key    text PRIMARY KEY CHECK (key LIKE 'index/%'),
    tags   text NOT NULL,
    id     text NOT NULL,
    beside text NOT NULL DEFAULT '',
    owner  text NOT NULL,
    living text NOT NULL DEFAULT 'true',
    source text NOT NULL
);

-- The next page of an index's rotation: what has an old tag and no new one.
CREATE FUNCTION index_page(
    v key_rotation, p_most integer,
    OUT seen integer, OUT end_bucket smallint, OUT end_id uuid,
    OUT buckets smallint[], OUT ids uuid[], OUT record_ids uuid[], OUT versions bigint[], OUT refs bytea[],
    OUT wraps bytea[], OUT keys text[], OUT sealed bytea[])
    LANGUAGE plpgsql VOLATILE SET search_path = {schema}, pg_temp AS $$
DECLARE
    i key_index;
BEGIN
    SELECT * INTO STRICT i FROM key_index k WHERE k.key = v.key;
    EXECUTE format($sql$
        WITH page AS (
            SELECT t.bucket, t.%2$I AS id FROM %1$I t
            WHERE t.epoch = $3 AND (t.bucket, t.%2$I) > ($1, $2) ORDER BY t.bucket, t.%2$I LIMIT $5
        ), due AS (
            SELECT p.bucket, p.id, s.*
            FROM page p JOIN %3$I o ON o.bucket = p.bucket AND o.%2$I = p.id
            CROSS JOIN LATERAL (%4$s) AS s (record_id, version, ref, wrap, sealed)
            WHERE (%5$s) AND NOT EXISTS (SELECT FROM %1$I n WHERE n.bucket = p.bucket AND n.%2$I = p.id AND n.epoch = $4))
        SELECT (SELECT count(*) FROM page), l.bucket, l.id, d.*
        FROM (SELECT array_agg(bucket), array_agg(id), array_agg(record_id), array_agg(version), array_agg(ref),
                     array_agg(wrap), array_agg(wrap_key(wrap)), array_agg(sealed) FROM due) d
        LEFT JOIN (SELECT bucket, id FROM page ORDER BY bucket DESC, id DESC LIMIT 1) l ON true
    $sql$, i.tags, i.id, i.owner, i.source, i.living)
    INTO seen, end_bucket, end_id, buckets, ids, record_ids, versions, refs, wraps, keys, sealed
    USING v.after_bucket, v.after_id, key_epoch(v.from_key), key_epoch(v.to_key), p_most;
END $$;

-- Puts new tags beside the old ones, waiting for nobody. The owner's row stays as it is until this is committed, so that
-- what ends or is erased meanwhile takes the new tag along; what somebody holds is left to the next pass.
CREATE FUNCTION index_put(v key_rotation, p_bucket smallint[], p_id uuid[], p_new bytea[]) RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = {schema}, pg_temp AS $$
DECLARE
    i key_index;
    v_done integer;
BEGIN
    SELECT * INTO STRICT i FROM key_index k WHERE k.key = v.key;
    EXECUTE format($sql$
        INSERT INTO %1$I (bucket, %2$I, epoch, tag%4$s)
        SELECT t.bucket, t.%2$I, $5, g.new::%6$s%7$s
        FROM unnest($1, $2, $3) AS g (bucket, id, new)
        JOIN %1$I t ON t.bucket = g.bucket AND t.%2$I = g.id AND t.epoch = $4
        JOIN %3$I o ON o.bucket = g.bucket AND o.%2$I = g.id
        WHERE %5$s ORDER BY g.bucket, g.new FOR SHARE OF o SKIP LOCKED
        ON CONFLICT DO NOTHING
    $sql$, i.tags, i.id, i.owner, regexp_replace(i.beside, '(\w+)', ', \1', 'g'), i.living,
           (SELECT a.atttypid::regtype FROM pg_attribute a WHERE a.attrelid = i.tags::regclass AND a.attname = 'tag'),
           regexp_replace(i.beside, '(\w+)', ', t.\1', 'g'))
    USING p_bucket, p_id, p_new, key_epoch(v.from_key), key_epoch(v.to_key);
    GET DIAGNOSTICS v_done = ROW_COUNT;
    RETURN v_done;
END $$;

-- Drops the tags of one bucket under an index key that is to be retired. Gives whether that was the last bucket.
CREATE FUNCTION key_drop(p_rotation uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    v key_rotation;
BEGIN
    SELECT * INTO STRICT v FROM key_rotation k WHERE k.rotation_id = p_rotation AND k.method = 'index'
        AND k.state = 'approved' AND k.known_at <= clock_timestamp();
    IF v.after_bucket = 255 THEN
        RETURN true;
    END IF;
    EXECUTE format('DELETE FROM %I t WHERE t.bucket = $1 AND t.epoch = $2',
                   (SELECT i.tags FROM key_index i WHERE i.key = v.key))
    USING v.after_bucket + 1, key_epoch(v.from_key);
    UPDATE key_rotation k SET after_bucket = v.after_bucket + 1 WHERE k.rotation_id = p_rotation;
    RETURN v.after_bucket = 254;
END $$;

-- Dossiers (cases, applications, matters): a table with the columns bucket, wrap and an id, which is p_id. -----------------

-- Whether a row has changed in nothing but its wrap, which is now under the key that takes over and of the same data key:
-- the last 32 bytes commit to it.
CREATE FUNCTION wrapped_anew(p_old jsonb, p_new jsonb) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT p_new - 'wrap' = p_old - 'wrap' AND octet_length(w.new) >= 64
        AND substring(w.new FROM octet_length(w.new) - 31) = substring(w.old FROM octet_length(w.old) - 31)
        AND EXISTS (SELECT FROM key_rotation r WHERE r.method = 'rewrap' AND r.state = 'working'
                    AND r.from_key = wrap_key(w.old) AND r.to_key = wrap_key(w.new))
    FROM (SELECT (p_old ->> 'wrap')::bytea AS old, (p_new ->> 'wrap')::bytea AS new) w
$$;

-- No dossier comes in under a key that is verified to wrap nothing any more.
CREATE FUNCTION wrap_key_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM key_rotation k WHERE k.verified_at IS NOT NULL AND k.method = 'rewrap'
                 AND k.from_key = wrap_key(NEW.wrap)) THEN
        RAISE EXCEPTION 'a key that is being retired wraps nothing new' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;

-- Makes a table one of dossiers: append-only, but that one which is over may be erased (erasure.sql), and that the
-- rotation of its archive key changes its wrap, through key_put alone. Called by the office's migration.
CREATE FUNCTION dossier_table(p_table regclass, p_id text) RETURNS void
    LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $dossiers$
BEGIN
    PERFORM erasable(p_table, p_id);
    EXECUTE format(replace($sql$
        CREATE INDEX ON %1$s (wrap_key(wrap)) WHERE wrap IS NOT NULL;
        CREATE TRIGGER wrap_key_guard BEFORE INSERT ON %1$s FOR EACH ROW EXECUTE FUNCTION wrap_key_guard();

        -- The next page of a rotation under way: at most p_most rows are looked at, what has to be done among them is
        -- given, and where the page ends.
        CREATE FUNCTION key_page(
            p_rotation uuid, p_most integer, OUT seen integer, OUT end_bucket smallint, OUT end_id uuid,
            OUT buckets smallint[], OUT ids uuid[], OUT record_ids uuid[], OUT versions bigint[], OUT refs bytea[],
            OUT wraps bytea[], OUT keys text[], OUT sealed bytea[])
            LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS @
        #variable_conflict use_column
        DECLARE
            v key_rotation;
        BEGIN
            SELECT * INTO STRICT v FROM key_rotation k WHERE k.rotation_id = p_rotation AND k.state = 'working';
            IF v.method = 'index' THEN
                SELECT * INTO seen, end_bucket, end_id, buckets, ids, record_ids, versions, refs, wraps, keys, sealed
                FROM index_page(v, p_most);
                RETURN;
            END IF;
            WITH page AS (
                SELECT d.bucket, d.%2$I AS id, d.wrap FROM %1$s d
                WHERE (d.bucket, d.%2$I) > (v.after_bucket, v.after_id) ORDER BY d.bucket, d.%2$I LIMIT p_most
            ), due AS (SELECT * FROM page p WHERE wrap_key(p.wrap) = v.from_key)
            SELECT (SELECT count(*) FROM page), l.bucket, l.id, d.*
            INTO seen, end_bucket, end_id, buckets, ids, record_ids, versions, refs, wraps, keys
            FROM (SELECT array_agg(bucket), array_agg(id), array_agg(id), array_agg(1::bigint), array_agg(''::bytea),
                         array_agg(wrap), array_agg(v.from_key) FROM due) d
            LEFT JOIN (SELECT bucket, id FROM page ORDER BY bucket DESC, id DESC LIMIT 1) l ON true;
        END @;

        -- Writes the wraps of a page's rows: compare and swap on the one that was given, waiting for nobody. What
        -- somebody holds or has changed is left to the next pass.
        CREATE FUNCTION key_put(p_rotation uuid, p_bucket smallint[], p_id uuid[], p_old bytea[], p_new bytea[])
            RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS @
        DECLARE
            v key_rotation;
            v_done integer;
        BEGIN
            SELECT * INTO STRICT v FROM key_rotation k WHERE k.rotation_id = p_rotation AND k.state = 'working';
            IF v.method = 'index' THEN
                RETURN index_put(v, p_bucket, p_id, p_new);
            END IF;
            PERFORM set_config('chengxin.rewrapping', 'on', true);
            WITH given AS (SELECT * FROM unnest(p_bucket, p_id, p_old, p_new) AS g (bucket, id, old, new)),
            free AS (SELECT g.* FROM %1$s d JOIN given g ON d.bucket = g.bucket AND d.%2$I = g.id
                     WHERE d.wrap = g.old FOR NO KEY UPDATE OF d SKIP LOCKED)
            UPDATE %1$s d SET wrap = f.new FROM free f
            WHERE d.bucket = f.bucket AND d.%2$I = f.id AND d.wrap = f.old;
            GET DIAGNOSTICS v_done = ROW_COUNT;
            PERFORM set_config('chengxin.rewrapping', '', true);
            RETURN v_done;
        END @;
        REVOKE ALL ON FUNCTION key_page, key_put FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION key_page, key_put, key_drop TO {schema}_app;
        REVOKE INSERT ON key_rotation FROM {schema}_eraser;
        REVOKE EXECUTE ON FUNCTION key_due, key_begin, key_note, key_approve, key_retired, keys_to_renew
            FROM {schema}_eraser;

        -- The key of a year that is over goes when nothing lies under it any more. Where that is because everything was
        -- moved to the next year's, older backups need it: it goes by the word of two officials, or with the retention.
        CREATE OR REPLACE FUNCTION archive_keys_over() RETURNS SETOF text
            LANGUAGE sql VOLATILE SET search_path = {schema}, pg_temp AS @
            SELECT k.name FROM keyring k
            WHERE k.destroyed_at IS NULL AND k.name ~ '^archive/open-[0-9]{4}(/[0-9]+)?$'
              AND year_of_key_ends(k.name) + interval '1 day' <= house_now()
              AND (year_of_key_ends(k.name) < kept_since('dossier') OR NOT EXISTS (
                       SELECT FROM key_rotation r WHERE r.from_key = k.name AND r.method = 'rewrap'))
              AND NOT EXISTS (SELECT FROM %1$s d WHERE d.wrap IS NOT NULL AND wrap_key(d.wrap) = k.name)
        @;
    $sql$, '@', '$f$'), p_table, p_id);
END $dossiers$;

-- Makes dossiers findable by their party: a table party_tag, which rotates with index/subject. `p_sealed` is the column
-- where the party is sealed. A dossier that is erased loses its tags.
CREATE FUNCTION dossier_index(p_table regclass, p_id text, p_sealed text) RETURNS void
    LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $dossiers$
BEGIN
    EXECUTE format(replace($sql$
        CREATE TABLE party_tag (
            bucket smallint NOT NULL,
            %2$I   uuid NOT NULL,
            epoch  smallint NOT NULL,
            tag    bytea NOT NULL CHECK (octet_length(tag) = 16),
            PRIMARY KEY (bucket, %2$I, epoch),
            FOREIGN KEY (bucket, %2$I) REFERENCES %1$s (bucket, %2$I)
        );
        CREATE INDEX party_tag_found ON party_tag (bucket, tag) INCLUDE (%2$I);
        GRANT SELECT, INSERT ON party_tag TO {schema}_app;
        CREATE FUNCTION forget_party() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS @
        BEGIN
            DELETE FROM party_tag t WHERE t.bucket = NEW.bucket AND t.%2$I = NEW.%2$I;
            RETURN NULL;
        END @;
        REVOKE ALL ON FUNCTION forget_party FROM PUBLIC;
        CREATE TRIGGER forget_party AFTER UPDATE OF wrap ON %1$s FOR EACH ROW
            WHEN (OLD.wrap IS NOT NULL AND NEW.wrap IS NULL) EXECUTE FUNCTION forget_party();
    $sql$, '@', '$f$'), p_table, p_id);
    INSERT INTO key_index (key, tags, id, owner, living, source) VALUES
        ('index/subject', 'party_tag', p_id, p_table::text, 'o.wrap IS NOT NULL',
         format($source$SELECT o.%I, 1::bigint, ''::bytea, o.wrap, o.%I$source$, p_id, p_sealed));
END $dossiers$;

REVOKE ALL ON FUNCTION keys_in_use, provider_keys, key_due, key_begin, key_note, key_approve, key_retired, keys_to_renew,
    wrapped_anew, wrap_key_guard, dossier_table, dossier_index, index_page, index_put, key_drop FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wrap_key, key_epoch, keys_in_use, provider_keys, key_due, key_begin, key_note, key_approve, key_retired,
    keys_to_renew TO {roles};
GRANT SELECT ON key_rotation TO {roles}, audit_reader;
GRANT INSERT (rotation_id, key, method, from_key, to_key, started_by, proposed_by, proposal) ON key_rotation TO {roles};
