-- Erasure: what has been kept for as long as the law says goes, through doors that read the house's clock themselves
-- and take no date. Their one login role is the eraser's; a trigger checks the date once more, for the owner as well.
-- Run as the schema's owner after house.sql and keys.sql. {schema} is filled in by migrate.py.
-- Source: Personal Information Protection Law arts. 19, 47; Shenzhen regulation art. 45.

-- How long is kept what is kept; written by the owner alone, from law/policy (foundation/erasure.py). Where a row is
-- missing, nothing is over.
CREATE TABLE retention (
    what   text PRIMARY KEY CHECK (what IN ('journal', 'dossier')),
    period interval NOT NULL CHECK (period >= interval '1 month')
);

-- What is older than this is over; null: nothing is.
CREATE FUNCTION kept_since(p_what text) RETURNS timestamptz
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
    RETURN (SELECT house_now() - r.period FROM retention r WHERE r.what = p_what);

-- The first instant after a year, by a key's name such as journal/2026, archive/open-2026 or archive/2031/2.
CREATE FUNCTION year_of_key_ends(p_name text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN make_timestamptz(substring(p_name FROM '[0-9]{4}')::integer + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai');

-- A private part goes when its entry has been kept for long enough, and the party could see it.
CREATE FUNCTION private_is_over() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT coalesce((SELECT j.at < kept_since('journal') FROM journal j
                     WHERE j.bucket = OLD.bucket AND j.entry_id = OLD.entry_id), false)
       OR OLD.visible_from > house_now() THEN
        RAISE EXCEPTION 'the private part of an entry is kept until its retention is over' USING ERRCODE = 'CX001';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER private_is_over BEFORE DELETE ON journal_private FOR EACH ROW EXECUTE FUNCTION private_is_over();
CREATE TRIGGER append_only BEFORE TRUNCATE ON journal_private FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE TRUNCATE ON journal_private_rest FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The volumes of journal_private: partitions of so many entries, of which so many are there before they are needed.
-- Written by the owner alone. 10,000,000: below it a house of 100 entries a second has too many volumes to ask after five
-- years, above it one of 10 has none that is over at once; three ahead last an hour at 8,000 a second. `waits`: a full
-- volume that is over within this time is left to go whole, and no longer than this after it could have (drop_private).
CREATE TABLE private_plan (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    entries  bigint NOT NULL DEFAULT 10000000 CHECK (entries > 0),
    ahead    integer NOT NULL DEFAULT 3 CHECK (ahead > 0),
    waits    interval NOT NULL DEFAULT '1 day' CHECK (waits >= interval '0')
);
INSERT INTO private_plan DEFAULT VALUES;

-- Each volume, the ids that it is for (end_id is the first that it is not), whether they are all drawn, and when its last
-- entry was written.
CREATE VIEW private_volume AS
    SELECT i.inhrelid::regclass AS volume, b[1]::bigint AS first_id, b[2]::bigint AS end_id,
           s.last_value >= b[2]::bigint AS is_full,
           (SELECT j.at FROM journal j WHERE j.entry_id >= b[1]::bigint AND j.entry_id < b[2]::bigint
            ORDER BY j.entry_id DESC LIMIT 1) AS last_at
    FROM journal_entry_id_seq s CROSS JOIN pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), '([0-9]+)[^0-9]+([0-9]+)') b
    WHERE i.inhparent = 'journal_private'::regclass AND b IS NOT NULL;

-- Makes the volumes that are to be there; gives how many. A table is made apart and attached, so that nobody who writes
-- waits. An entry on its way into the rest would fail if its id became a volume's meanwhile: where ids beyond the last
-- volume are drawn, or soon will be, the rest keeps them, and the next volume begins far enough above. The rest is read
-- through at each attachment: where it has grown large, it takes everything from then on.
CREATE FUNCTION make_private_volumes() RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = {schema}, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
    v_plan private_plan;
    v_drawn bigint;
    v_first bigint;
    v_volume text;
    v_made integer := 0;
BEGIN
    LOCK TABLE ONLY journal_private IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT * INTO STRICT v_plan FROM private_plan;
    SELECT last_value - (NOT is_called)::integer INTO v_drawn FROM journal_entry_id_seq;
    SELECT coalesce(max(v.end_id), 1) INTO v_first FROM private_volume v;
    IF v_drawn > 0 AND v_first <= v_drawn + v_plan.entries / 10 THEN
        v_first := v_drawn + v_plan.entries;
    END IF;
    WHILE v_first <= v_drawn + v_plan.ahead * v_plan.entries LOOP
        IF pg_relation_size('journal_private_rest') > 134217728 THEN
            RAISE WARNING 'private parts lie in journal_private_rest, and no volume is made';
            RETURN v_made;
        END IF;
        v_volume := 'journal_private_' || v_first;
        EXECUTE format('CREATE TABLE %1$I (LIKE journal_private);
                        CREATE TRIGGER append_only BEFORE TRUNCATE ON %1$I FOR EACH STATEMENT EXECUTE FUNCTION append_only();
                        ALTER TABLE journal_private ATTACH PARTITION %1$I FOR VALUES FROM (%2$s) TO (%3$s)',
                       v_volume, v_first, v_first + v_plan.entries);
        v_first := v_first + v_plan.entries;
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
EXCEPTION WHEN lock_not_available OR check_violation THEN
    RETURN 0;  -- Somebody reads everything, or an entry came into the rest meanwhile: the next time, then.
END $$;
SELECT make_private_volumes();

-- Whether a volume has an entry that its party can't see yet.
CREATE FUNCTION hides_private(p_volume regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_hides boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s p WHERE p.visible_from > house_now())', p_volume) INTO v_hides;
    RETURN v_hides;
END $$;

-- Every door that erases writes this entry: by the office's own certificate, about no party.
CREATE FUNCTION journal_erasure(p_fingerprint bytea, p_kind text, p_salt bytea, p_sealed bytea, p_erased text[])
    RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_authority text;
BEGIN
    SELECT e.authority INTO v_authority FROM enrolment e
    WHERE e.fingerprint = p_fingerprint AND e.revoked_at IS NULL AND e.not_after > clock_timestamp()
      AND 'office' = ANY (e.roles);
    IF v_authority IS NULL THEN
        RAISE EXCEPTION 'only an office erases' USING ERRCODE = 'CX001';
    END IF;
    PERFORM journal_write(-1::smallint, p_kind, gen_random_uuid(), 1, v_authority, p_fingerprint, 'erasure', NULL,
                          'changed', '', p_salt, p_sealed, NULL, '{}', p_erased);
END $$;

-- Drops the oldest volume of private parts that is full and in which everything is over; gives how many went. No trigger
-- sees them go: what `private_is_over` holds for each is looked at here, for all of them. That takes long, and nobody waits
-- for it; then nobody writes until this is committed, and what was written meanwhile is looked at too. Where the table
-- can't be had at once, nothing goes.
CREATE FUNCTION drop_private(p_fingerprint bytea, p_salt bytea, p_sealed bytea) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = {schema}, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
    v_since timestamptz := kept_since('journal');
    v private_volume;
    v_seen xid8;
    v_over boolean;
    v_count bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7405, hashtext('{schema}')) THEN
        RETURN 0;
    END IF;
    FOR v IN SELECT * FROM private_volume o WHERE o.is_full AND coalesce(o.last_at < v_since, v_since IS NOT NULL)
             ORDER BY o.first_id LOOP
        CONTINUE WHEN hides_private(v.volume);
        v_seen := pg_snapshot_xmin(pg_current_snapshot());
        EXECUTE format('SELECT count(*), coalesce(bool_and(coalesce(j.at < $1, false)
                                                          AND coalesce(p.visible_from <= house_now(), true)), true)
                        FROM %s p LEFT JOIN journal j ON j.bucket = p.bucket AND j.entry_id = p.entry_id
                                                     AND j.entry_id >= %s AND j.entry_id < %s',
                       v.volume, v.first_id, v.end_id)
        INTO v_count, v_over USING v_since;
        EXIT WHEN v_over;
    END LOOP;
    IF v_over IS NOT TRUE THEN
        RETURN 0;
    END IF;
    BEGIN
        LOCK TABLE ONLY journal_private IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('LOCK TABLE ONLY %s, ONLY journal_private_rest IN ACCESS EXCLUSIVE MODE NOWAIT', v.volume);
    EXCEPTION WHEN lock_not_available THEN
        RETURN 0;
    END;
    IF EXISTS (SELECT FROM journal j WHERE j.xid >= v_seen AND j.entry_id >= v.first_id AND j.entry_id < v.end_id) THEN
        RETURN 0;
    END IF;
    IF v_count > 0 THEN
        PERFORM journal_erasure(p_fingerprint, 'Eraser.DropPrivateParts', p_salt, p_sealed,
                                ARRAY[format('%s-%s:%s:private', v.first_id, v.end_id - 1, v_count)]);
    END IF;
    EXECUTE format('DROP TABLE %s', v.volume);
    RETURN v_count;
END $$;

-- Erases private parts, the oldest first; gives how many, at most p_most. What is about to go with its
-- volume is left to go whole, unless it hasn't for too long (private_plan). Entries beyond the first volume whose last one
-- is not over are not asked for.
CREATE FUNCTION erase_private(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_since timestamptz := kept_since('journal');
    v_end bigint;
    v_whole_from bigint;
    v_whole_end bigint;
    v_erased text[];
BEGIN
    -- Both doors count what goes: one at a time.
    IF v_since IS NULL OR NOT pg_try_advisory_xact_lock(7405, hashtext('{schema}')) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(min(v.end_id) FILTER (WHERE v.last_at >= v_since), 9223372036854775807),
           coalesce(min(v.first_id) FILTER (WHERE w.whole), 0), coalesce(max(v.end_id) FILTER (WHERE w.whole), 0)
    INTO v_end, v_whole_from, v_whole_end
    FROM private_volume v CROSS JOIN private_plan p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN v.is_full AND v.last_at > v_since - p.waits AND v.last_at < v_since + p.waits
               THEN NOT hides_private(v.volume) END AS whole) w;
    WITH oldest AS MATERIALIZED (
        SELECT p.bucket, p.entry_id
        FROM (SELECT q.bucket, q.entry_id FROM journal_private q
              WHERE q.entry_id < v_end AND (q.entry_id < v_whole_from OR q.entry_id >= v_whole_end)
                AND coalesce(q.visible_from <= house_now(), true)
              ORDER BY q.entry_id LIMIT p_most) p
        JOIN journal j ON j.bucket = p.bucket AND j.entry_id = p.entry_id
        WHERE j.at < v_since
    ), gone AS (
        DELETE FROM journal_private p USING oldest o
        WHERE p.bucket = o.bucket AND p.entry_id = o.entry_id AND p.entry_id < v_end
        RETURNING p.entry_id
    )
    SELECT array_agg(g.entry_id || ':1:private') INTO v_erased FROM gone g;
    IF v_erased IS NOT NULL THEN
        PERFORM journal_erasure(p_fingerprint, 'Eraser.ErasePrivateParts', p_salt, p_sealed, v_erased);
    END IF;
    RETURN coalesce(cardinality(v_erased), 0);
END $$;

-- A dossier (a case, an application) is closed, and was kept for long enough since; each office that has some says how
-- it is known.
CREATE FUNCTION dossier_over(p_id uuid) RETURNS boolean
    LANGUAGE sql VOLATILE SET search_path = {schema}, pg_temp AS $$ SELECT false $$;

-- Makes an append-only table one from which, in the door that erases, rows of a dossier that is over may be erased (and
-- where, in the door of key rotation, a dossier's wrap may change: keys.sql).
-- p_id is the column with the dossier's id.
CREATE FUNCTION erased_when_over() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_id uuid;
BEGIN
    IF TG_OP = 'UPDATE' AND wrapped_anew(to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO v_id USING OLD;
    IF NOT dossier_over(v_id) THEN
        RAISE EXCEPTION '% is append-only until its retention is over', TG_TABLE_NAME USING ERRCODE = 'CX001';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION erasable(p_table regclass, p_id text) RETURNS void
    LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TRIGGER append_only ON %s', p_table);
    EXECUTE format($t$CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH STATEMENT
                      WHEN (current_setting('chengxin.erasing', true) IS DISTINCT FROM 'dossier'
                            AND current_setting('chengxin.rewrapping', true) IS DISTINCT FROM 'on')
                      EXECUTE FUNCTION append_only()$t$, p_table);
    EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %s FOR EACH STATEMENT
                    EXECUTE FUNCTION append_only()', p_table);
    EXECUTE format('CREATE TRIGGER erased_when_over BEFORE UPDATE OR DELETE ON %s FOR EACH ROW
                    EXECUTE FUNCTION erased_when_over(%L)', p_table, p_id);
END $$;

-- Archive keys whose year is over and under which nothing lies any more; each office that has some says which.
CREATE FUNCTION archive_keys_over() RETURNS SETOF text
    LANGUAGE sql VOLATILE SET search_path = {schema}, pg_temp AS $$ SELECT NULL::text WHERE false $$;

-- Keys to be destroyed.
CREATE FUNCTION keys_over() RETURNS SETOF text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT k.name FROM keyring k
    WHERE k.destroyed_at IS NULL AND k.name ~ '^journal/[0-9]{4}(/[0-9]+)?$'
      AND year_of_key_ends(k.name) < kept_since('journal')
    UNION ALL
    SELECT a FROM archive_keys_over() a
$$;

-- The key of an archive or journal year is not destroyed before its time: by the calendar, or replaced by another one
-- to which everything was moved (keys.sql).
CREATE FUNCTION year_key_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NEW.name NOT IN (SELECT k FROM keys_over() k) AND NOT EXISTS (
           SELECT FROM key_rotation r
           WHERE r.method = 'rewrap' AND r.from_key = NEW.name AND r.state IN ('approved', 'retired')) THEN
        RAISE EXCEPTION 'the key of a year is kept until nothing under it has to be kept' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER year_key_guard BEFORE UPDATE OF destroyed_at ON keyring FOR EACH ROW
    WHEN (OLD.destroyed_at IS NULL AND NEW.destroyed_at IS NOT NULL AND NEW.name ~ '^(archive|journal)/')
    EXECUTE FUNCTION year_key_guard();

REVOKE ALL ON FUNCTION kept_since, year_of_key_ends, private_is_over, journal_erasure, erase_private,
    make_private_volumes, hides_private, drop_private, dossier_over, erased_when_over, erasable, archive_keys_over,
    keys_over, year_key_guard FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_private_volumes, drop_private, erase_private, keys_over TO {schema}_eraser;
