-- One Merkle log (RFC 6962) over the journals of all offices. What is once in it can't be changed or taken out,
-- here by the database itself, and for everybody outside by the checkpoints that are signed over it.

-- The entries, in the order of the log. The columns beside the leaf repeat what is in it, for searching; `bucket`
-- finds the entry's private part in its source.
CREATE TABLE log_entry (
    index        bigint PRIMARY KEY CHECK (index >= 0),
    source       text NOT NULL,
    source_epoch uuid NOT NULL,
    entry_id     bigint NOT NULL,
    bucket       smallint NOT NULL,
    door_no      bigint NOT NULL,
    at           timestamptz NOT NULL,
    authority    text NOT NULL,
    purpose      text NOT NULL,
    decision     text NOT NULL,
    leaf         bytea NOT NULL CHECK (octet_length(leaf) BETWEEN 1 AND 65535),
    leaf_hash    bytea NOT NULL CHECK (leaf_hash = sha256('\x00'::bytea || leaf)),
    UNIQUE (source, entry_id, source_epoch)
);
CREATE INDEX log_entry_at ON log_entry (at, index);
CREATE INDEX log_entry_authority ON log_entry (authority, at, index);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Tiles (c2sp.org/tlog-tiles), each as wide as it is; a narrower one of an earlier size is its beginning.
CREATE TABLE tile (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 63),
    index  bigint NOT NULL CHECK (index >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
);
CREATE FUNCTION tile_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.level <> OLD.level OR NEW.index <> OLD.index
       OR octet_length(NEW.hashes) <= octet_length(OLD.hashes)
       OR substr(NEW.hashes, 1, octet_length(OLD.hashes)) <> OLD.hashes THEN
        RAISE EXCEPTION 'a tile only grows to the right' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tile_guard BEFORE UPDATE ON tile FOR EACH ROW EXECUTE FUNCTION tile_guard();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON tile FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Epochs that two officials let a source begin, after its database was restored from a backup on purpose.
-- Officials as tags keyed over their numbers, which the constraint compares. Their numbers, and the basis, are sealed in
-- the entries of these steps.
CREATE TABLE epoch_adoption (
    source      text NOT NULL,
    epoch       uuid NOT NULL,
    proposed_by bytea NOT NULL CHECK (octet_length(proposed_by) = 16),
    proposed_at timestamptz NOT NULL DEFAULT house_now(),
    approved_by bytea CHECK (octet_length(approved_by) = 16),
    approved_at timestamptz,
    PRIMARY KEY (source, epoch),
    CONSTRAINT adopting_takes_two_officials CHECK (approved_by <> proposed_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);
CREATE FUNCTION epoch_adoption_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.approved_by IS NOT NULL OR (NEW.source, NEW.epoch, NEW.proposed_by, NEW.proposed_at)
       IS DISTINCT FROM (OLD.source, OLD.epoch, OLD.proposed_by, OLD.proposed_at) THEN
        RAISE EXCEPTION 'an adoption is approved once and never changed' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER epoch_adoption_guard BEFORE UPDATE ON epoch_adoption
    FOR EACH ROW EXECUTE FUNCTION epoch_adoption_guard();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON epoch_adoption
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- How far each journal is in the log: the last entry taken, by whose commitment also a journal that lost it is
-- recognised. An adopted epoch begins with the entries after `begins_after`; those up to it are in the log already.
CREATE TABLE source_position (
    source       text PRIMARY KEY,
    epoch        uuid NOT NULL,
    xid          xid8 NOT NULL,
    entry_id     bigint NOT NULL,
    commitment   bytea NOT NULL CHECK (octet_length(commitment) = 32),
    begins_after bigint NOT NULL DEFAULT 0
);
CREATE FUNCTION source_position_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = audit, pg_temp AS $$
BEGIN
    IF NEW.source = OLD.source AND NEW.epoch = OLD.epoch AND NEW.begins_after = OLD.begins_after
       AND (NEW.xid, NEW.entry_id) > (OLD.xid, OLD.entry_id) THEN
        RETURN NEW;
    END IF;
    IF NEW.source = OLD.source AND NEW.epoch <> OLD.epoch AND (NEW.xid::text, NEW.entry_id) = ('0', 0)
       AND EXISTS (SELECT FROM epoch_adoption a WHERE a.source = NEW.source AND a.epoch = NEW.epoch
                   AND a.approved_by IS NOT NULL)
       AND NOT EXISTS (SELECT FROM log_entry e WHERE e.source = NEW.source AND e.source_epoch = NEW.epoch) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a position only moves forward' USING ERRCODE = 'CX001';
END $$;
CREATE TRIGGER source_position_guard BEFORE UPDATE ON source_position
    FOR EACH ROW EXECUTE FUNCTION source_position_guard();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON source_position
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The head of the log, and who may move it: swapped only by the sequencer whose token stands here. `positions` are the
-- extension lines that the checkpoint over this head carries.
CREATE TABLE log_state (
    only_one     boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    size         bigint NOT NULL CHECK (size >= 0),
    root         bytea NOT NULL CHECK (octet_length(root) = 32),
    positions    text NOT NULL DEFAULT '',
    token        uuid,
    leased_until timestamptz NOT NULL
);
INSERT INTO log_state (size, root, leased_until) VALUES (0, sha256(''::bytea), '-infinity');
CREATE FUNCTION log_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size < OLD.size
       OR (NEW.size = OLD.size AND (NEW.root, NEW.positions) <> (OLD.root, OLD.positions)) THEN
        RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER log_state_guard BEFORE UPDATE ON log_state FOR EACH ROW EXECUTE FUNCTION log_state_guard();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON log_state
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- At the commit: no gap below the size, and nothing above it. Bounded on both sides: by one bound alone a planner expects
-- a third of the log, and reads all of it each time.
CREATE FUNCTION log_state_complete() RETURNS trigger LANGUAGE plpgsql SET search_path = audit, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM log_entry WHERE index >= OLD.size AND index < NEW.size) <> NEW.size - OLD.size
       OR (SELECT max(index) FROM log_entry) <> NEW.size - 1 THEN
        RAISE EXCEPTION 'the entries do not make the size of the log' USING ERRCODE = 'CX001';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER log_state_complete AFTER UPDATE OF size ON log_state
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_state_complete();

-- Signed heads. Only what is the committed head can become one, so a paused sequencer can't sign a fork.
CREATE TABLE checkpoint (
    size bigint PRIMARY KEY,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    text text NOT NULL
);
CREATE FUNCTION checkpoint_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = audit, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM log_state WHERE size = NEW.size AND root = NEW.root) THEN
        RAISE EXCEPTION 'only the committed head of the log can be published' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER checkpoint_guard BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION checkpoint_guard();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What witnesses signed, a line each; the newest of a witness for a size is enough.
CREATE TABLE cosignature (
    size bigint NOT NULL REFERENCES checkpoint,
    name text NOT NULL,
    line text NOT NULL,
    at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (size, name)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Propose an epoch, or approve what another official proposed, and let the source go on in it with the entries after
-- p_begins_after. Says what was done: proposed, approved; or why not: same (official), done (already).
CREATE FUNCTION adopt_epoch(p_source text, p_epoch uuid, p_by bytea, p_begins_after bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
DECLARE
    known epoch_adoption;
BEGIN
    INSERT INTO epoch_adoption (source, epoch, proposed_by) VALUES (p_source, p_epoch, p_by)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN 'proposed';
    END IF;
    SELECT * INTO known FROM epoch_adoption WHERE source = p_source AND epoch = p_epoch FOR UPDATE;
    IF known.approved_by IS NOT NULL THEN
        RETURN 'done';
    ELSIF known.proposed_by = p_by THEN
        RETURN 'same';
    END IF;
    UPDATE epoch_adoption SET approved_by = p_by, approved_at = house_now() WHERE source = p_source AND epoch = p_epoch;
    UPDATE source_position
    SET epoch = p_epoch, xid = '0', entry_id = 0, commitment = sha256(''), begins_after = p_begins_after
    WHERE source = p_source;
    RETURN 'approved';
END $$;
REVOKE ALL ON FUNCTION adopt_epoch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adopt_epoch TO audit_app;

GRANT SELECT, INSERT ON log_entry, checkpoint, cosignature TO audit_app;
GRANT SELECT, INSERT, UPDATE (hashes) ON tile TO audit_app;
GRANT SELECT, INSERT, UPDATE (xid, entry_id, commitment) ON source_position TO audit_app;
GRANT SELECT, UPDATE (size, root, positions, token, leased_until) ON log_state TO audit_app;
