-- The archive: records whose sharing has ended open to two officials on a stated basis, for a short time, and are
-- erased when the law does not want them kept any longer. Source: docs/architecture.md, Journal and log.

-- On what the archive may be opened; loaded from law/archive.yaml by the owner.
CREATE TABLE archive_basis (
    code               text PRIMARY KEY,
    title              text NOT NULL,
    longest_delay_days integer NOT NULL CHECK (longest_delay_days BETWEEN 0 AND 366),
    approval_days      integer NOT NULL CHECK (approval_days BETWEEN 1 AND 30),
    open_hours         integer NOT NULL CHECK (open_hours BETWEEN 1 AND 72),
    in_force           boolean NOT NULL
);

-- One application to open what is archived about one party (record_ids: these alone; empty: all of it). The first byte
-- of the id is the party's bucket. subject_id is null where nothing is held: nobody learns that before it is opened.
-- Officials stand as keyed tags, by which two are two. `said` (party, number of the basis, reason, and who applied) and
-- `approval` (who approved) are sealed under the journal's key of their year. `visible_from`: when the party may see the
-- entries about it; null: at once.
CREATE TABLE archive_opening (
    bucket         smallint NOT NULL,
    opening_id     uuid NOT NULL,
    subject_id     uuid,
    record_ids     uuid[] NOT NULL CHECK (array_position(record_ids, NULL) IS NULL AND cardinality(record_ids) <= 100),
    authority      text NOT NULL,
    basis          text NOT NULL REFERENCES archive_basis,
    said           bytea NOT NULL,
    requested_by   bytea NOT NULL CHECK (octet_length(requested_by) = 16),
    requested_at   timestamptz NOT NULL,
    approve_before timestamptz NOT NULL,
    visible_from   timestamptz CHECK (visible_from > requested_at),
    approved_by    bytea CHECK (octet_length(approved_by) = 16),
    approval       bytea,
    approved_at    timestamptz CHECK (approved_at >= requested_at AND approved_at < approve_before),
    open_before    timestamptz CHECK (open_before > approved_at),
    PRIMARY KEY (bucket, opening_id),
    CHECK (bucket = place_of(opening_id)),
    CONSTRAINT opening_takes_two_officials CHECK (approved_by <> requested_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND (approved_at IS NULL) = (open_before IS NULL)
           AND (approved_by IS NULL) = (approval IS NULL))
);
CREATE INDEX archive_opening_newest ON archive_opening (requested_at DESC);

-- An application never changes, but for its one approval, at the house's time.
CREATE FUNCTION archive_opening_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp AS $$
DECLARE
    v_approval text[] := '{approved_by,approval,approved_at,open_before}';
    b archive_basis;
BEGIN
    SELECT * INTO STRICT b FROM archive_basis a WHERE a.code = NEW.basis;
    IF TG_OP = 'INSERT' THEN
        NEW.requested_at := house_now();
        NEW.approve_before := NEW.requested_at + make_interval(days => b.approval_days);
        IF NOT b.in_force OR NEW.visible_from > NEW.requested_at + make_interval(days => b.longest_delay_days) THEN
            RAISE EXCEPTION 'the basis does not allow this' USING ERRCODE = 'CX001';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.approved_by IS NOT NULL OR to_jsonb(NEW) - v_approval <> to_jsonb(OLD) - v_approval THEN
        RAISE EXCEPTION 'an application is approved once, and not changed' USING ERRCODE = 'CX001';
    END IF;
    NEW.approved_at := house_now();
    NEW.open_before := NEW.approved_at + make_interval(hours => b.open_hours);
    RETURN NEW;
END $$;
CREATE TRIGGER archive_opening_guard BEFORE INSERT OR UPDATE ON archive_opening
    FOR EACH ROW EXECUTE FUNCTION archive_opening_guard();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON archive_opening
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Puts an application down, for an auditing authority. The delay is in days; the guard holds it against the basis.
CREATE FUNCTION request_opening(
    p_fingerprint bytea, p_opening_id uuid, p_tag bytea, p_record_ids uuid[], p_basis text, p_delay_days integer,
    p_said bytea, p_officer bytea) RETURNS SETOF archive_opening
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_authority text := authority_with_role(p_fingerprint, '{auditor}');
BEGIN
    RETURN QUERY INSERT INTO archive_opening (bucket, opening_id, subject_id, record_ids, authority, basis, said,
                                              requested_by, visible_from)
    SELECT place_of(p_opening_id), p_opening_id,
           (SELECT s.subject_id FROM subject_tag s WHERE s.bucket = place_of(p_opening_id) AND s.tag = p_tag),
           p_record_ids, v_authority, p_basis, p_said, p_officer,
           CASE WHEN p_delay_days > 0 THEN house_now() + make_interval(days => p_delay_days) END
    RETURNING *;
END $$;

-- Approves it, for the authority that keeps the catalog, by another official. No row where it is not open any more.
CREATE FUNCTION approve_opening(p_fingerprint bytea, p_opening_id uuid, p_officer bytea, p_approval bytea)
    RETURNS SETOF archive_opening
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
BEGIN
    PERFORM authority_with_role(p_fingerprint, '{steward}');
    RETURN QUERY UPDATE archive_opening o SET approved_by = p_officer, approval = p_approval
    WHERE o.bucket = place_of(p_opening_id) AND o.opening_id = p_opening_id AND o.approved_by IS NULL
      AND house_now() < o.approve_before
    RETURNING o.*;
END $$;

-- The door `archive`, the only way to an archive wrap: gives the ended records of the approved party, or of it those
-- that were approved, and writes the party's entry, in one transaction. No entry id where the opening is not this
-- official's, not approved by another one, or not in force.
CREATE FUNCTION open_archive(
    p_fingerprint bytea, p_opening_id uuid, p_officer bytea, p_query uuid, p_salt bytea, p_sealed bytea,
    p_journal_tag bytea, p_officer_tag bytea,
    OUT records jsonb, OUT entry_id bigint, OUT as_of timestamptz, OUT digest bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    v_authority text := authority_with_role(p_fingerprint, '{auditor}');
    v_bucket smallint := place_of(p_opening_id);
    v_basis text;
    v_visible_from timestamptz;
    v_items text[];
    v_disclosed text[];
BEGIN
    PERFORM lock_buckets(ARRAY[v_bucket], false);
    as_of := house_now();
    WITH opened AS MATERIALIZED (
        SELECT o.* FROM archive_opening o
        WHERE o.bucket = v_bucket AND o.opening_id = p_opening_id AND o.authority = v_authority
          AND o.requested_by = p_officer AND o.approved_by <> o.requested_by
          AND o.approved_at <= as_of AND as_of < o.open_before
    ), found AS (
        SELECT r.*, t.fields FROM opened o JOIN record r ON r.bucket = o.bucket AND r.subject_id = o.subject_id
        JOIN record_text t ON t.bucket = r.bucket AND t.record_id = r.record_id
        WHERE r.ended_at IS NOT NULL AND r.archive_wrap IS NOT NULL
          AND (o.record_ids = '{}' OR r.record_id = ANY (o.record_ids))
    )
    SELECT (SELECT o.basis FROM opened o), (SELECT o.visible_from FROM opened o),
           coalesce(jsonb_agg(jsonb_build_object(
               'record_id', f.record_id, 'version', f.version, 'subject_id', f.subject_id, 'item_code', f.item_code,
               'provider', f.provider, 'determining_authority', f.determining_authority, 'severity', f.severity,
               'determined_on', f.determined_on, 'earliest_repair_on', f.earliest_repair_on,
               'ends_before', nullif(f.ends_before, 'infinity'), 'ended_at', f.ended_at, 'end_reason', f.end_reason,
               'wrap', encode(f.archive_wrap, 'base64'), 'fields', encode(f.fields, 'base64'))
               ORDER BY f.determined_on DESC, f.record_id), '[]'),
           coalesce(array_agg(DISTINCT f.item_code), '{}'),
           coalesce(array_agg(f.record_id || ':' || f.version || ':archive' ORDER BY f.determined_on DESC, f.record_id), '{}')
    INTO v_basis, v_visible_from, records, v_items, v_disclosed FROM found f;
    IF v_basis IS NULL THEN
        records := NULL;
        RETURN;
    END IF;
    SELECT w.entry_id, w.digest INTO entry_id, digest
    FROM journal_write(v_bucket, 'ArchiveService.OpenArchive', p_query, 1, v_authority, p_fingerprint,
                       'archive.' || v_basis, NULL, 'answered', '', p_salt, p_sealed, p_journal_tag, v_items,
                       v_disclosed, p_officer_tag, v_visible_from) w;
END $$;

-- Erasure ------------------------------------------------------------------------------------------------------------

-- A record keeps its archive wrap and its day of erasure until that day, and stays itself for ever.
CREATE FUNCTION record_is_over() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.erased_at IS NOT NULL OR NEW.erase_before <> OLD.erase_before
       OR NEW.erased_at IS NULL OR OLD.erase_before > house_today() THEN
        RAISE EXCEPTION 'a record is kept until its retention is over' USING ERRCODE = 'CX001';
    END IF;
    NEW.erased_at := house_now();
    RETURN NEW;
END $$;
CREATE TRIGGER record_is_over BEFORE UPDATE ON record FOR EACH ROW
    WHEN (NEW.archive_wrap IS NULL OR NEW.erased_at IS NOT NULL OR NEW.erase_before IS DISTINCT FROM OLD.erase_before)
    EXECUTE FUNCTION record_is_over();
CREATE TRIGGER record_stays BEFORE DELETE ON record FOR EACH ROW EXECUTE FUNCTION record_is_over();
CREATE TRIGGER append_only BEFORE TRUNCATE ON record FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Its texts are never written again, and go when it is erased.
CREATE FUNCTION record_text_is_over() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM record r WHERE r.bucket = OLD.bucket AND r.record_id = OLD.record_id
                                                          AND r.erased_at IS NULL) THEN
        RAISE EXCEPTION 'the texts of a record are kept until its retention is over' USING ERRCODE = 'CX001';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER record_text_is_over BEFORE UPDATE OR DELETE ON record_text
    FOR EACH ROW EXECUTE FUNCTION record_text_is_over();
CREATE TRIGGER append_only BEFORE TRUNCATE ON record_text FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Erases one step of records whose retention is over. What stays names no party: id, item, authorities, times, why it
-- ended. A party of whom nothing is left goes as well.
CREATE FUNCTION erase_records(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_buckets smallint[];
    v_ids uuid[];
    v_subjects uuid[];
BEGIN
    SELECT array_agg(d.bucket), array_agg(d.record_id) INTO v_buckets, v_ids FROM (
        SELECT r.bucket, r.record_id FROM record r
        WHERE r.erased_at IS NULL AND r.ended_at IS NOT NULL AND r.erase_before <= house_today()
        ORDER BY r.erase_before LIMIT p_most) d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lock_buckets(v_buckets, true);
    -- Before the link is cut: who was meant. New records of these parties wait for the lock, or keep the row.
    SELECT array_agg(s.subject_id) INTO v_subjects FROM (
        SELECT s.subject_id FROM subject s WHERE (s.bucket, s.subject_id) IN (
            SELECT r.bucket, r.subject_id FROM unnest(v_buckets, v_ids) AS a (bucket, record_id)
            JOIN record r ON r.bucket = a.bucket AND r.record_id = a.record_id)
        ORDER BY s.bucket, s.subject_id FOR UPDATE SKIP LOCKED) s;
    UPDATE record r
    SET erased_at = house_now(), subject_id = NULL, archive_wrap = NULL, document_tag = '', severity = NULL
    FROM unnest(v_buckets, v_ids) AS a (bucket, record_id)
    WHERE r.bucket = a.bucket AND r.record_id = a.record_id AND r.erased_at IS NULL;
    DELETE FROM record_text t USING unnest(v_buckets, v_ids) AS a (bucket, record_id)
    WHERE t.bucket = a.bucket AND t.record_id = a.record_id;
    DELETE FROM record_number k WHERE k.record_id = ANY (v_ids);
    SELECT array_agg(s.subject_id) INTO v_subjects FROM subject s
    WHERE s.bucket = ANY (v_buckets) AND s.subject_id = ANY (v_subjects)
      AND NOT EXISTS (SELECT FROM record r WHERE r.bucket = s.bucket AND r.subject_id = s.subject_id);
    DELETE FROM subject_tag t WHERE t.bucket = ANY (v_buckets) AND t.subject_id = ANY (v_subjects);
    DELETE FROM subject s WHERE s.bucket = ANY (v_buckets) AND s.subject_id = ANY (v_subjects);
    PERFORM journal_erasure(p_fingerprint, 'Eraser.EraseRecords', p_salt, p_sealed,
                            (SELECT array_agg(i || ':0:erased') FROM unnest(v_ids) i));
    RETURN cardinality(v_ids);
END $$;
CREATE INDEX record_number_of_record ON record_number (record_id);

-- A line of the ledger goes with all lines of its record: once that is erased, everybody has acknowledged, and the
-- lines have been kept as long as the journal.
CREATE FUNCTION line_is_over(p_bucket smallint, p_record_id uuid) RETURNS boolean
    LANGUAGE sql VOLATILE SET search_path = catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM record r WHERE r.bucket = p_bucket AND r.record_id = p_record_id
                   AND r.erased_at IS NOT NULL)
       AND kept_since('journal') IS NOT NULL
       AND NOT EXISTS (SELECT FROM disclosure d LEFT JOIN acknowledgement a USING (bucket, record_id, authority)
                       WHERE d.bucket = p_bucket AND d.record_id = p_record_id
                         AND (d.first_at >= kept_since('journal') OR a.acknowledged_at IS NULL))
$$;
CREATE FUNCTION disclosure_is_over() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
BEGIN
    -- Its lines may be going one after another: those that are left have to be over as well.
    IF coalesce(current_setting('chengxin.erasing', true), '') <> 'ledger' OR OLD.first_at >= kept_since('journal') THEN
        RAISE EXCEPTION 'the ledger is kept until its retention is over' USING ERRCODE = 'CX001';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER disclosure_is_over BEFORE DELETE ON disclosure FOR EACH ROW EXECUTE FUNCTION disclosure_is_over();
CREATE INDEX disclosure_age ON disclosure (first_at);

CREATE FUNCTION erase_ledger(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_buckets smallint[];
    v_ids uuid[];
BEGIN
    SELECT array_agg(d.bucket), array_agg(d.record_id) INTO v_buckets, v_ids FROM (
        SELECT DISTINCT d.bucket, d.record_id FROM disclosure d
        WHERE d.first_at < kept_since('journal') AND line_is_over(d.bucket, d.record_id) LIMIT p_most) d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM set_config('chengxin.erasing', 'ledger', true);
    DELETE FROM acknowledgement k USING unnest(v_buckets, v_ids) AS a (bucket, record_id)
    WHERE k.bucket = a.bucket AND k.record_id = a.record_id;
    DELETE FROM disclosure d USING unnest(v_buckets, v_ids) AS a (bucket, record_id)
    WHERE d.bucket = a.bucket AND d.record_id = a.record_id;
    PERFORM set_config('chengxin.erasing', '', true);
    PERFORM journal_erasure(p_fingerprint, 'Eraser.EraseLedger', p_salt, p_sealed,
                            (SELECT array_agg(i || ':0:ledger') FROM unnest(v_ids) i));
    RETURN cardinality(v_ids);
END $$;

-- A record's archive key is that of the last year in which it is kept.
CREATE OR REPLACE FUNCTION archive_keys_over() RETURNS SETOF text
    LANGUAGE sql VOLATILE SET search_path = catalog, pg_temp AS $$
    SELECT k.name FROM keyring k
    WHERE k.destroyed_at IS NULL AND k.name ~ '^archive/[0-9]{4}(/[0-9]+)?$' AND year_of_key_ends(k.name) <= house_now()
      AND NOT EXISTS (SELECT FROM record r WHERE r.erased_at IS NULL
                      AND r.erase_before <= (year_of_key_ends(k.name) AT TIME ZONE 'Asia/Shanghai')::date)
$$;

REVOKE ALL ON FUNCTION archive_opening_guard, request_opening, approve_opening, open_archive, record_is_over,
    record_text_is_over, erase_records, line_is_over, disclosure_is_over, erase_ledger, archive_keys_over FROM PUBLIC;
GRANT SELECT ON archive_basis, archive_opening TO catalog_archive;
GRANT EXECUTE ON FUNCTION request_opening, approve_opening, open_archive TO catalog_archive;
GRANT EXECUTE ON FUNCTION erase_records, erase_ledger TO catalog_eraser;
