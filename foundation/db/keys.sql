-- How this office's keys are rotated: rows, each a state machine that a worker carries on step by step.
-- Run as the schema's owner after house.sql. {schema} and {roles} are filled in by migrate.py.
-- Source: docs/running.md, Rotating keys.

-- The provider's key that wraps a key, where it is not (any more) the one of its own name.
ALTER TABLE keyring ADD COLUMN provider_key text;
GRANT UPDATE (wrapped, provider_key) ON keyring TO {roles};

-- `key` is what rotates: share/2027-03, archive/2031, index/subject; its generations are share/2027-03, share/2027-03/2
-- and so on, those of an index index/subject/1, index/subject/2. Method `provider` wraps one key anew under a new key of
-- the provider: from_key and to_key are then the provider's. started_by: null where the house started it itself;
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
    started_by   text,
    proposed_by  text,
    approved_by  text,
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
           OR NEW.proposed_by IS DISTINCT FROM OLD.proposed_by AND OLD.proposed_by IS NOT NULL
           OR NEW.approved_by IS DISTINCT FROM OLD.approved_by AND OLD.approved_by IS NOT NULL
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

-- One official's word that the old key may go. Gives the state; null where the rotation is not verified.
CREATE FUNCTION key_approve(p_rotation uuid, p_officer text) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    UPDATE key_rotation
    SET proposed_by = coalesce(proposed_by, p_officer),
        approved_by = CASE WHEN proposed_by IS NOT NULL THEN p_officer END,
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
      AND NOT EXISTS (SELECT FROM key_rotation r WHERE r.from_key = k.name OR (r.to_key = k.name AND r.state <> 'retired'))
$$;

REVOKE ALL ON FUNCTION keys_in_use, provider_keys, key_due, key_begin, key_note, key_approve, key_retired, keys_to_renew FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wrap_key, key_epoch, keys_in_use, provider_keys, key_due, key_begin, key_note, key_approve, key_retired,
    keys_to_renew TO {roles};
GRANT SELECT ON key_rotation TO {roles}, audit_reader;
GRANT INSERT (key, method, from_key, to_key, started_by, proposed_by) ON key_rotation TO {roles};
