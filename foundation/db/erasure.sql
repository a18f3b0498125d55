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

-- Erases private parts, the oldest of each bucket first; gives how many, at most p_most.
CREATE FUNCTION erase_private(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_since timestamptz := kept_since('journal');
    v_erased text[];
BEGIN
    WITH oldest AS MATERIALIZED (
        SELECT p.bucket, p.entry_id FROM generate_series(-1, 255) b
        CROSS JOIN LATERAL (SELECT q.bucket, q.entry_id, q.visible_from FROM journal_private q
                            WHERE q.bucket = b ORDER BY q.entry_id LIMIT 20) p
        JOIN journal j ON j.bucket = p.bucket AND j.entry_id = p.entry_id
        WHERE j.at < v_since AND coalesce(p.visible_from <= house_now(), true) LIMIT p_most
    ), gone AS (
        DELETE FROM journal_private p USING oldest o WHERE p.bucket = o.bucket AND p.entry_id = o.entry_id
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
    dossier_over, erased_when_over, erasable, archive_keys_over, keys_over, year_key_guard FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_private, keys_over TO {schema}_eraser;
