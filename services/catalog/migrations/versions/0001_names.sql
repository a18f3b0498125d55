-- The public list by an organisation's name: a truncated tag leads to candidates, whose names are opened and compared.
-- Source: docs/formats.md, Identifiers and names.

-- Only what may be on the public list under its full name: a natural person's is masked there, and a search by the whole
-- name would say whose it is. A table beside the records, not a column of them: while the key is changed a record has a
-- tag of either epoch, back-filling rewrites no record, and what has left the list has none.
CREATE TABLE public_name (
    bucket        smallint NOT NULL,
    record_id     uuid NOT NULL,
    epoch         smallint NOT NULL,
    tag           integer NOT NULL,
    determined_on date NOT NULL,
    PRIMARY KEY (bucket, record_id, epoch),
    FOREIGN KEY (bucket, record_id) REFERENCES record (bucket, record_id)
);
CREATE INDEX public_name_by_tag ON public_name (epoch, tag, determined_on DESC, record_id);

-- For a statement's records together: a step of the sweeper ends hundreds. Found by their keys, whatever the planner
-- believes of a table that has just been filled.
CREATE FUNCTION forget_public_name() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    DELETE FROM public_name n USING changed c
    WHERE c.ended_at IS NOT NULL AND c.public AND NOT c.person AND n.bucket = c.bucket AND n.record_id = c.record_id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_public_name AFTER UPDATE ON record REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION forget_public_name();

-- Candidates of a name, newest determination first, after a position: what `published` would give of them.
CREATE FUNCTION published_named(
    p_epoch smallint, p_tag integer, p_item_code text, p_before date, p_after uuid, p_most integer, p_authority text,
    p_division text, p_since date, p_until date)
    RETURNS TABLE (record_id uuid, version bigint, subject_id uuid, person boolean, item_code text,
                   determining_authority text, determined_on date, ends_before timestamptz, share_wrap bytea,
                   fields bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := house_now();
    v_today date := (v_now AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    RETURN QUERY
    SELECT r.record_id, r.version, r.subject_id, r.person, r.item_code, r.determining_authority, r.determined_on,
           nullif(r.ends_before, 'infinity'), r.share_wrap,
           (SELECT t.fields FROM record_text t WHERE t.bucket = r.bucket AND t.record_id = r.record_id)
    FROM public_name n JOIN record r ON r.bucket = n.bucket AND r.record_id = n.record_id
    WHERE n.epoch = p_epoch AND n.tag = p_tag
      AND r.public AND NOT r.person AND r.ended_at IS NULL AND r.ends_before > v_now
      AND (p_item_code = '' OR r.item_code = p_item_code)
      AND (p_authority = '' OR r.determining_authority = p_authority)
      AND (p_division = '' OR starts_with(substr(r.determining_authority, 3), p_division))
      AND (p_since IS NULL OR n.determined_on >= p_since) AND (p_until IS NULL OR n.determined_on < p_until)
      AND (p_before IS NULL OR n.determined_on < p_before OR (n.determined_on = p_before AND n.record_id > p_after))
      AND EXISTS (SELECT FROM item i WHERE i.code = r.item_code AND i.public AND i.in_force_from <= v_today
                     AND (i.in_force_until IS NULL OR v_today < i.in_force_until))
    ORDER BY n.determined_on DESC, n.record_id LIMIT p_most;
END $$;

REVOKE ALL ON FUNCTION forget_public_name, published_named FROM PUBLIC;
GRANT EXECUTE ON FUNCTION published_named TO catalog_answer;
