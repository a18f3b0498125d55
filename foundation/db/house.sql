-- What every office's schema holds: who this house is, its clock, its journal, its keys, who is enrolled.
-- Run as the schema's owner with search_path = the schema. {schema} and {roles} are filled in by migrate.py.

CREATE TABLE house (
    only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    epoch      uuid NOT NULL DEFAULT gen_random_uuid(),
    sample     boolean NOT NULL,
    deployment text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE clock_floor (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    floor    timestamptz NOT NULL
);
CREATE TABLE clock_offset (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    ahead    interval NOT NULL CHECK (ahead >= interval '0')
);
INSERT INTO clock_floor (floor) VALUES (clock_timestamp());
INSERT INTO clock_offset (ahead) VALUES (interval '0');

-- The one clock: never earlier than the floor, so a clock set back can't lengthen or shorten anything.
CREATE FUNCTION house_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
    RETURN (SELECT greatest(clock_timestamp(), f.floor) + o.ahead FROM clock_floor f, clock_offset o);

CREATE FUNCTION house_today() RETURNS date
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
    RETURN (house_now() AT TIME ZONE 'Asia/Shanghai')::date;

CREATE FUNCTION raise_floor() RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
    AS $$ UPDATE clock_floor SET floor = clock_timestamp() WHERE floor < clock_timestamp() $$;

-- Only a sample house's clock can be moved, and forwards only.
CREATE FUNCTION clock_offset_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.ahead < OLD.ahead OR NOT (SELECT sample FROM house) THEN
        RAISE EXCEPTION 'only the clock of a sample house can be moved, and forwards only' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clock_offset_guard BEFORE INSERT OR UPDATE OR DELETE ON clock_offset
    FOR EACH ROW EXECUTE FUNCTION clock_offset_guard();

-- What a house is at its creation, it stays.
CREATE FUNCTION house_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a house is at its creation, it stays' USING ERRCODE = 'CX001';
END $$;
CREATE TRIGGER house_guard BEFORE UPDATE OR DELETE ON house FOR EACH ROW EXECUTE FUNCTION house_guard();

-- Which certificate is which authority's system. Written by `chengxin enroll` in all schemas at once.
CREATE TABLE enrolment (
    fingerprint bytea PRIMARY KEY CHECK (octet_length(fingerprint) = 32),
    spiffe_id   text NOT NULL,
    authority   text NOT NULL,
    system      text NOT NULL,
    roles       text[] NOT NULL,
    not_after   timestamptz NOT NULL,
    revoked_at  timestamptz
);

-- Key-encryption keys of this office, each wrapped by the key provider's key of the same name.
CREATE TABLE keyring (
    name         text PRIMARY KEY,
    wrapped      bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT house_now(),
    destroyed_at timestamptz
);

-- A destroyed key stays destroyed.
CREATE FUNCTION keyring_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.destroyed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a destroyed key stays destroyed' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keyring_guard BEFORE UPDATE ON keyring FOR EACH ROW EXECUTE FUNCTION keyring_guard();

-- The journal: append-only; private parts apart, so that they can be erased without breaking a proof. The number comes
-- before the bucket in their keys: what is written goes to the end of the index, and an entry is found by its number alone.
CREATE SEQUENCE door_no;
CREATE TABLE journal (
    bucket      smallint NOT NULL,
    entry_id    bigint GENERATED ALWAYS AS IDENTITY,
    xid         xid8 NOT NULL,
    node        text NOT NULL,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,
    query_id    uuid NOT NULL,
    attempt     integer NOT NULL,
    authority   text NOT NULL,
    fingerprint bytea NOT NULL,
    purpose     text NOT NULL,
    grant_id    uuid,
    decision    text NOT NULL CHECK (decision IN ('answered', 'changed', 'refused')),
    reason      text NOT NULL CHECK ((decision = 'refused') = (reason <> '')),
    as_of       timestamptz NOT NULL,
    door        text NOT NULL,
    door_no     bigint NOT NULL,
    digest      bytea NOT NULL CHECK (octet_length(digest) = 32),
    commitment  bytea NOT NULL CHECK (octet_length(commitment) = 32),
    PRIMARY KEY (entry_id, bucket)
);
CREATE INDEX journal_feed ON journal (xid, entry_id);
CREATE INDEX journal_at ON journal USING brin (at);  -- an auditor's questions are about a period; costs writers next to nothing
CREATE TABLE journal_private (
    bucket      smallint NOT NULL,
    entry_id    bigint NOT NULL,
    salt        bytea NOT NULL,
    sealed      bytea NOT NULL,
    subject_tag bytea,
    items       text[] NOT NULL,
    officer_tag bytea,
    visible_from timestamptz,
    PRIMARY KEY (entry_id, bucket)
) PARTITION BY RANGE (entry_id);  -- in volumes, each of which goes whole (erasure.sql); what no volume takes, the rest does
CREATE TABLE journal_private_rest PARTITION OF journal_private DEFAULT;
COMMENT ON COLUMN journal_private.officer_tag IS
    'the official under the key index/journal-officer/1, to be read together with journal.authority; null: none named';
COMMENT ON COLUMN journal_private.visible_from IS
    'when the party may see the entry; null: at once. An auditor sees it at once in any case';
CREATE INDEX journal_private_subject ON journal_private (bucket, subject_tag) WHERE subject_tag IS NOT NULL;
CREATE INDEX journal_private_officer ON journal_private (officer_tag) WHERE officer_tag IS NOT NULL;
CREATE INDEX journal_private_hidden ON journal_private (visible_from) WHERE visible_from IS NOT NULL;

-- A look: an answered question about a party, in an official's name or for a purpose other than the party's own.
CREATE VIEW look AS
    SELECT j.bucket, j.entry_id, j.at, j.kind, j.authority, j.purpose, p.officer_tag, p.subject_tag, p.salt, p.sealed,
           p.items, p.visible_from, j.commitment
    FROM journal j JOIN journal_private p USING (bucket, entry_id)
    WHERE j.decision = 'answered' AND p.subject_tag IS NOT NULL
      AND (p.officer_tag IS NOT NULL OR j.purpose NOT IN ('', 'own'));

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'CX001';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- SHA-256 over the salt and what was disclosed: "id:version:fields", in order. Stable, not immutable, as array_to_string
-- is: only so is it written into the statement that calls it, and costs a third of a call.
CREATE FUNCTION disclosure_digest(salt bytea, disclosed text[]) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sha256(salt || convert_to(array_to_string(disclosed, E'\n'), 'UTF8'));

-- Bytes behind their length, so that no two lists of parts look the same; null like none.
CREATE FUNCTION prefixed(part bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN int4send(coalesce(octet_length(part), 0)) || coalesce(part, '');

-- SHA-256 over the salt and the private part: the sealed text, whom it concerns, who asked, from when the party may see
-- it (microseconds since 1970), then the items shown.
CREATE FUNCTION private_commitment(
    salt bytea, sealed bytea, items text[], subject_tag bytea, officer_tag bytea, visible_from timestamptz)
    RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sha256(salt || prefixed(sealed) || prefixed(subject_tag) || prefixed(officer_tag)
                  || prefixed(int8send((extract(epoch FROM visible_from) * 1000000)::bigint))
                  || convert_to(array_to_string(items, E'\n'), 'UTF8'));

-- The one way for an office to write an entry; xid, node and times are stamped here, never taken from outside.
CREATE FUNCTION journal_write(
    p_bucket smallint, p_kind text, p_query uuid, p_attempt integer, p_authority text, p_fingerprint bytea,
    p_purpose text, p_grant uuid, p_decision text, p_reason text, p_salt bytea, p_sealed bytea, p_tag bytea,
    p_items text[], p_disclosed text[], p_officer_tag bytea DEFAULT NULL, p_visible_from timestamptz DEFAULT NULL,
    OUT entry_id bigint, OUT as_of timestamptz, OUT digest bytea)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
#variable_conflict use_column
BEGIN
    as_of := house_now();
    digest := disclosure_digest(p_salt, p_disclosed);
    INSERT INTO journal (bucket, xid, node, at, kind, query_id, attempt, authority, fingerprint, purpose, grant_id,
                         decision, reason, as_of, door, door_no, digest, commitment)
    VALUES (p_bucket, pg_current_xact_id(), current_database(), journal_write.as_of, p_kind, p_query, p_attempt,
            p_authority, p_fingerprint, p_purpose, p_grant, p_decision, p_reason, journal_write.as_of,
            'journal_write', nextval('door_no'), journal_write.digest,
            private_commitment(p_salt, p_sealed, p_items, p_tag, p_officer_tag, p_visible_from))
    RETURNING journal.entry_id INTO journal_write.entry_id;
    INSERT INTO journal_private (bucket, entry_id, salt, sealed, subject_tag, items, officer_tag, visible_from)
    VALUES (p_bucket, journal_write.entry_id, p_salt, p_sealed, p_tag, p_items, p_officer_tag, p_visible_from);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
GRANT USAGE ON SCHEMA {schema} TO {roles}, audit_reader;
GRANT EXECUTE ON FUNCTION house_now(), house_today(), raise_floor() TO {roles}, audit_reader;
GRANT EXECUTE ON FUNCTION journal_write(smallint, text, uuid, integer, text, bytea, text, uuid, text, text, bytea,
    bytea, bytea, text[], text[], bytea, timestamptz) TO {roles};
GRANT SELECT ON house, enrolment TO {roles}, audit_reader;
GRANT SELECT, INSERT ON keyring TO {roles};
GRANT UPDATE (destroyed_at) ON keyring TO {roles};
GRANT SELECT ON journal, journal_private, look, keyring TO audit_reader;
