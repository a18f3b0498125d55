-- What may be shared, who may ask, and the records. No login role may SELECT a record: see the doors.

-- Catalog items as in force by date; loaded from law/ by the owner. Source: 54号 clause 1.
CREATE TABLE item (
    code           text NOT NULL,
    in_force_from  date NOT NULL,
    in_force_until date CHECK (in_force_until > in_force_from),
    title          text NOT NULL,
    shared         boolean NOT NULL,
    public         boolean NOT NULL,
    public_persons boolean NOT NULL CHECK (public OR NOT public_persons),
    negative       boolean NOT NULL,
    unrepairable   boolean NOT NULL,
    retention_months integer NOT NULL CHECK (retention_months > 0),
    content_digest bytea NOT NULL,
    PRIMARY KEY (code, in_force_from)
);

-- What a question may be asked for. Source: 54号 clause 13.
CREATE TABLE purpose (
    code   text PRIMARY KEY,
    title  text NOT NULL,
    yes_no boolean NOT NULL
);

-- Permission of one authority to ask for one purpose: two officials, at most a year. Officials stand as keyed tags, by
-- which two are two; `said` (why it is needed, and who applied) and `approval` (who approved) are sealed under the
-- journal's key of their year. Who revoked it and why, the journal tells.
CREATE TABLE access_grant (
    grant_id      uuid PRIMARY KEY,
    authority     text NOT NULL,
    purpose       text NOT NULL REFERENCES purpose,
    item_codes    text[] NOT NULL CHECK (cardinality(item_codes) BETWEEN 1 AND 500),
    field_names   text[] NOT NULL,
    days          integer NOT NULL CHECK (days BETWEEN 1 AND 366),
    said          bytea NOT NULL,
    requested_by  bytea NOT NULL CHECK (octet_length(requested_by) = 16),
    requested_at  timestamptz NOT NULL DEFAULT house_now(),
    approved_by   bytea CHECK (octet_length(approved_by) = 16),
    approval      bytea,
    starts_at     timestamptz,
    ends_at       timestamptz,
    revoked_by    bytea CHECK (octet_length(revoked_by) = 16),
    revoked_at    timestamptz,
    CONSTRAINT grant_takes_two_officials CHECK (approved_by <> requested_by),
    CHECK ((approved_by IS NULL) = (approval IS NULL) AND (revoked_by IS NULL) = (revoked_at IS NULL)),
    CHECK ((approved_by IS NULL) = (starts_at IS NULL) AND (starts_at IS NULL) = (ends_at IS NULL)),
    CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '366 days')
);
CREATE INDEX access_grant_in_force ON access_grant (authority, purpose) WHERE revoked_at IS NULL;
-- A grant is applied for, approved once and revoked once: also for the login role that may write those columns.
CREATE FUNCTION access_grant_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND num_nonnulls(NEW.approved_by, NEW.starts_at, NEW.revoked_by, NEW.revoked_at) > 0
       OR TG_OP = 'UPDATE' AND (
            OLD.revoked_at IS NOT NULL
            OR OLD.approved_by IS NOT NULL
               AND (NEW.approved_by, NEW.approval, NEW.starts_at, NEW.ends_at)
                   IS DISTINCT FROM (OLD.approved_by, OLD.approval, OLD.starts_at, OLD.ends_at)) THEN
        RAISE EXCEPTION 'a grant is approved once and revoked once' USING ERRCODE = 'CX001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER access_grant_guard AFTER INSERT OR UPDATE ON access_grant
    FOR EACH ROW EXECUTE FUNCTION access_grant_guard();

-- A party: a random id in place of its identifier.
CREATE TABLE subject (
    bucket     smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    subject_id uuid NOT NULL,
    PRIMARY KEY (bucket, subject_id)
);
-- The blind index: full tags stand here alone, each under the index key of its epoch (two while that key is rotated),
-- of the identifier as the canonicaliser of version `canon` writes it.
CREATE TABLE subject_tag (
    bucket     smallint NOT NULL,
    tag        bytea NOT NULL CHECK (octet_length(tag) = 16),
    epoch      smallint NOT NULL,
    canon      smallint NOT NULL,
    subject_id uuid NOT NULL,
    PRIMARY KEY (bucket, tag) INCLUDE (subject_id),
    UNIQUE (bucket, subject_id, epoch),
    FOREIGN KEY (bucket, subject_id) REFERENCES subject (bucket, subject_id)
);

CREATE TABLE record (
    bucket                smallint NOT NULL,
    record_id             uuid NOT NULL,
    version               bigint NOT NULL CHECK (version >= 1),
    subject_id            uuid,
    person                boolean NOT NULL,
    item_code             text NOT NULL,
    provider              text NOT NULL,
    determining_authority text NOT NULL,
    document_kind         text NOT NULL,
    document_tag          bytea NOT NULL,
    severity              text CHECK (severity IN ('slight', 'ordinary', 'serious')),
    determined_on         date NOT NULL,
    earliest_repair_on    date,
    ends_before           timestamptz NOT NULL,
    public                boolean NOT NULL,
    sample                boolean NOT NULL,
    archive_wrap          bytea,
    share_wrap            bytea,
    handed_in_at          timestamptz NOT NULL,
    erase_before          date NOT NULL,
    erased_at             timestamptz,
    ended_at              timestamptz,
    end_reason            text CHECK (end_reason IN ('repaired', 'expired', 'objection_upheld', 'document_revoked',
                                                     'repealed', 'listing_closed')),
    PRIMARY KEY (bucket, record_id),
    FOREIGN KEY (bucket, subject_id) REFERENCES subject (bucket, subject_id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (ended_at IS NULL OR share_wrap IS NULL),
    CHECK ((subject_id IS NULL) = (erased_at IS NOT NULL)),
    CHECK (erased_at IS NULL OR (ended_at IS NOT NULL AND archive_wrap IS NULL))
);
CREATE INDEX record_of_subject ON record (bucket, subject_id);
CREATE INDEX record_to_erase ON record (erase_before) WHERE erased_at IS NULL;
CREATE INDEX record_to_expire ON record (bucket, ends_before) WHERE ended_at IS NULL;
CREATE INDEX record_public ON record (determined_on DESC, record_id) WHERE public AND ended_at IS NULL;
CREATE INDEX record_of_item ON record (item_code, bucket) WHERE ended_at IS NULL;
CREATE INDEX record_of_document ON record (bucket, provider, document_tag) WHERE ended_at IS NULL;

-- What a record says, sealed: a table beside the records. Whatever ends, expires, is wrapped anew or is asked about by yes or
-- no rewrites and reads a row of some 400 bytes then, and not of 2,000. Written once, deleted by the eraser.
CREATE TABLE record_text (
    bucket    smallint NOT NULL,
    record_id uuid NOT NULL,
    fields    bytea NOT NULL,
    PRIMARY KEY (bucket, record_id),
    FOREIGN KEY (bucket, record_id) REFERENCES record (bucket, record_id)
);

-- Where a record or a provider's number is found; buckets of their own: first byte of the id or of the number's tag.
CREATE TABLE record_place (
    place     smallint NOT NULL,
    record_id uuid NOT NULL,
    bucket    smallint NOT NULL,
    PRIMARY KEY (place, record_id)
);
CREATE TABLE record_number (
    place          smallint NOT NULL,
    provider       text NOT NULL,
    number_tag     bytea NOT NULL,
    content_digest bytea NOT NULL,
    record_id      uuid NOT NULL,
    PRIMARY KEY (place, provider, number_tag)
);
CREATE FUNCTION place_of(record_id uuid) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN get_byte(uuid_send(record_id), 0)::smallint;

-- The disclosure ledger: which authority ever received which record. Source: docs/architecture.md, The end of sharing.
CREATE TABLE disclosure (
    bucket    smallint NOT NULL,
    record_id uuid NOT NULL,
    authority text NOT NULL,
    first_at  timestamptz NOT NULL,
    PRIMARY KEY (bucket, record_id, authority)
);
CREATE TABLE acknowledgement (
    bucket          smallint NOT NULL,
    record_id       uuid NOT NULL,
    authority       text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, record_id, authority),
    FOREIGN KEY (bucket, record_id, authority) REFERENCES disclosure (bucket, record_id, authority)
);

-- The change feed. Order is (xid, event_id), read only below the oldest running transaction.
CREATE TABLE change_event (
    bucket     smallint NOT NULL,
    event_id   bigint GENERATED ALWAYS AS IDENTITY,
    xid        xid8 NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('recorded', 'withdrawn')),
    record_id  uuid NOT NULL,
    version    bigint NOT NULL,
    item_code  text NOT NULL,
    end_reason text,
    PRIMARY KEY (event_id, bucket)
);
CREATE INDEX change_event_feed ON change_event (xid, event_id);

GRANT SELECT ON item, purpose, access_grant TO catalog_answer, catalog_change, catalog_worker;
GRANT INSERT ON access_grant TO catalog_change;
GRANT UPDATE (approved_by, approval, starts_at, ends_at, revoked_by, revoked_at) ON access_grant TO catalog_change;

-- Advisory locks: one for policy (grants, items, consents), one for each bucket. What answers takes them shared,
-- what ends sharing takes them exclusively; they queue fairly. Source: docs/architecture.md, The end of sharing.
CREATE FUNCTION lock_policy(exclusively boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF exclusively THEN
        PERFORM pg_advisory_xact_lock(7401, -1);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7401, -1);
    END IF;
END $$;
CREATE FUNCTION lock_buckets(buckets smallint[], exclusively boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF exclusively THEN
        PERFORM pg_advisory_xact_lock(7401, o.b) FROM (SELECT DISTINCT b FROM unnest(buckets) b ORDER BY b OFFSET 0) o;
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7401, o.b) FROM (SELECT DISTINCT b FROM unnest(buckets) b ORDER BY b OFFSET 0) o;
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION lock_policy(boolean) TO catalog_change;

-- The item is in force and shared on a day.
CREATE FUNCTION item_is_shared(code text, today date) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = catalog, pg_temp
    RETURN EXISTS (SELECT FROM item i WHERE i.code = item_is_shared.code AND i.shared AND i.in_force_from <= today
                                        AND (i.in_force_until IS NULL OR today < i.in_force_until));
