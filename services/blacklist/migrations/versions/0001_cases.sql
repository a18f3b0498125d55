-- Cases of the list office. Nothing here is ever changed: a case is the rows of its steps, and its state is that
-- of the last one. What a step needs stands in CHECKs, what it may follow on in `legal_step`, and the rest in
-- `case_step_guard`. Source: 54号 clause 8.

-- The law, written by the owner alone (services/blacklist/law.py).
CREATE TABLE working_day (
    day         date PRIMARY KEY,
    provisional boolean NOT NULL
);
CREATE TABLE policy_number (
    name           text NOT NULL,
    value          integer NOT NULL CHECK (value >= 0),
    in_force_from  date NOT NULL,
    in_force_until date CHECK (in_force_until > in_force_from),
    confirmed      boolean NOT NULL,
    PRIMARY KEY (name, in_force_from)
);
CREATE TABLE legal_step (
    from_state text NOT NULL,
    step       text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, step)
);
INSERT INTO legal_step (from_state, step, to_state) VALUES
    ('',                  'open',                'investigating'),
    ('investigating',     'match_standard',      'matched'),
    ('matched',           'find_facts',          'facts_found'),
    ('facts_found',       'hold_panel',          'panel_held'),
    ('panel_held',        'notify_party',        'notified'),
    ('notified',          'submit_statement',    'statement_pending'),
    ('statement_pending', 'answer_statement',    'notified'),
    ('notified',          'decide_to_list',      'decided'),
    ('notified',          'decide_to_drop',      'dropped'),
    ('decided',           'serve_decision',      'served'),
    ('served',            'acknowledge_listing', 'listed'),
    ('listed',            'close_listing',       'closed');

-- Buckets: first byte of the id, which the office takes from the subject's bucket (docs/architecture.md, Data).
CREATE FUNCTION bucket_in(id uuid) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN get_byte(uuid_send(id), 0)::smallint;

CREATE TABLE case_file (
    bucket      smallint NOT NULL,
    case_id     uuid NOT NULL,
    authority   text NOT NULL,
    scheme_code text NOT NULL,
    sample      boolean NOT NULL,
    wrap        bytea NOT NULL,
    party       bytea NOT NULL,
    PRIMARY KEY (bucket, case_id),
    CHECK (bucket = bucket_in(case_id))
);
CREATE INDEX case_file_authority ON case_file (authority);

-- Which request opened which case; `tag` is keyed over authority and idempotency key.
CREATE TABLE case_request (
    bucket  smallint NOT NULL,
    tag     bytea NOT NULL CHECK (octet_length(tag) = 16),
    case_id uuid NOT NULL,
    PRIMARY KEY (bucket, tag),
    CHECK (bucket = get_byte(tag, 0))
);

CREATE TABLE evidence (
    bucket      smallint NOT NULL,
    case_id     uuid NOT NULL,
    evidence_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    officer     bytea NOT NULL CHECK (officer <> ''),
    media_type  text NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'text/plain')),
    size        bigint NOT NULL CHECK (size BETWEEN 1 AND 20971520),
    header      bytea NOT NULL,
    content     bytea NOT NULL,
    PRIMARY KEY (bucket, case_id, evidence_id),
    FOREIGN KEY (bucket, case_id) REFERENCES case_file
);

-- Numbers of decisions, unique for each authority: `tag` is keyed over authority and number, which stands sealed in the
-- decision's artefact alone.
CREATE TABLE decision_number (
    bucket    smallint NOT NULL,
    authority text NOT NULL,
    tag       bytea NOT NULL CHECK (octet_length(tag) = 16),
    case_id   uuid NOT NULL,
    PRIMARY KEY (bucket, authority, tag),
    CHECK (bucket = get_byte(tag, 0))
);

-- A listing exists from the service of its decision on; its record from the catalog's acknowledgement on, for its period:
-- `ends_before` is the first day after it, on which the worker closes what nobody has closed before.
CREATE TABLE listing (
    bucket     smallint NOT NULL,
    listing_id uuid NOT NULL,
    case_id    uuid NOT NULL,
    PRIMARY KEY (bucket, listing_id),
    UNIQUE (bucket, case_id),
    FOREIGN KEY (bucket, case_id) REFERENCES case_file,
    CHECK (bucket = bucket_in(listing_id))
);
CREATE TABLE listing_record (
    bucket      smallint NOT NULL,
    record_id   uuid NOT NULL,
    case_id     uuid NOT NULL,
    ends_before date NOT NULL,
    PRIMARY KEY (bucket, record_id),
    CHECK (bucket = bucket_in(record_id))
);
CREATE INDEX listing_record_ends ON listing_record (ends_before);

-- `officer` is the official number that the assertion names, sealed with the case; `officer_tag` is keyed over it and
-- the authority, one for each official in the whole house, so that the guard can tell two from one. `member_tags` are the
-- panel's likewise; their numbers stand sealed in the artefact.
CREATE TABLE case_step (
    bucket             smallint NOT NULL,
    case_id            uuid NOT NULL,
    seq                integer NOT NULL,
    step               text NOT NULL,
    state              text NOT NULL,
    at                 timestamptz NOT NULL,
    officer            bytea,
    officer_tag        bytea CHECK (octet_length(officer_tag) = 16),
    artefact           bytea NOT NULL,
    artefact_digest    bytea NOT NULL CHECK (octet_length(artefact_digest) = 32),
    measures           text[],
    member_tags        bytea[],
    under_age          boolean,
    slight             boolean,
    upheld             boolean,
    published          boolean,
    record_id          uuid,
    window_ends_before date,
    window_provisional boolean,
    due_on             date,
    due_provisional    boolean,
    PRIMARY KEY (bucket, case_id, seq),
    FOREIGN KEY (bucket, case_id) REFERENCES case_file,
    -- Who does what: only the catalog's acknowledgement and another office's order name no official.
    CHECK (officer_tag IS NOT NULL OR step IN ('acknowledge_listing', 'close_listing')),
    CHECK ((officer IS NULL) = (officer_tag IS NULL)),
    -- Each step has what it needs, and nothing that belongs to another.
    CHECK ((step IN ('find_facts', 'decide_to_list')) = (measures IS NOT NULL)),
    CHECK (cardinality(measures) > 0 AND array_position(measures, NULL) IS NULL),
    CHECK ((step = 'hold_panel') = (member_tags IS NOT NULL)),
    CHECK ((step = 'find_facts') = (under_age IS NOT NULL)),
    CHECK ((step = 'find_facts') = (slight IS NOT NULL)),
    CHECK ((step = 'answer_statement') = (upheld IS NOT NULL)),
    CHECK ((step = 'decide_to_list') = (published IS NOT NULL)),
    CHECK ((step = 'acknowledge_listing') = (record_id IS NOT NULL)),
    CHECK ((step IN ('notify_party', 'answer_statement')) = (window_ends_before IS NOT NULL)),
    CHECK ((window_ends_before IS NULL) = (window_provisional IS NULL)),
    CHECK ((due_on IS NULL) = (due_provisional IS NULL))
);

-- Working days and numbers -----------------------------------------------------------------------------------------

CREATE FUNCTION policy_value(p_name text, p_on date) RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = blacklist, pg_temp AS $$
DECLARE found_value integer;
BEGIN
    SELECT value INTO found_value FROM policy_number
    WHERE name = p_name AND in_force_from <= p_on AND (in_force_until IS NULL OR p_on < in_force_until);
    IF found_value IS NULL THEN
        RAISE EXCEPTION 'the number % is not loaded for this day', p_name USING ERRCODE = 'CX001';
    END IF;
    RETURN found_value;
END $$;

-- The n-th working day after a day; the day of the event does not count. Administrative Penalty Law art. 85.
CREATE FUNCTION add_working_days(p_start date, p_n integer, OUT last_day date, OUT provisional boolean)
    LANGUAGE plpgsql STABLE SET search_path = blacklist, pg_temp AS $$
BEGIN
    IF p_n < 1 OR p_start < (SELECT min(w.day) FROM working_day w) THEN
        RAISE EXCEPTION 'working days are not loaded for this day' USING ERRCODE = 'CX001';
    END IF;
    SELECT max(w.day), bool_or(w.provisional) INTO last_day, provisional
    FROM (SELECT d.day, d.provisional FROM working_day d WHERE d.day > p_start ORDER BY d.day LIMIT p_n) w
    HAVING count(*) = p_n;
    IF last_day IS NULL THEN
        RAISE EXCEPTION 'working days are not loaded for this day' USING ERRCODE = 'CX001';
    END IF;
END $$;

-- Last day of the statement-and-defence window of a notice served on a day. Same law, arts. 44, 45, 64.
CREATE FUNCTION window_of(p_served date, OUT last_day date, OUT provisional boolean)
    LANGUAGE sql STABLE SET search_path = blacklist, pg_temp AS $$
    SELECT w.last_day, w.provisional
    FROM add_working_days(p_served, greatest(policy_value('listing.statement_window', p_served),
                                             policy_value('listing.hearing_request', p_served))) w
$$;

-- Last day of a window whose clock stood from a statement to its answer: what was left then is left again.
CREATE FUNCTION window_resumed(p_last date, p_provisional boolean, p_stopped date, p_answered date,
                               OUT last_day date, OUT provisional boolean)
    LANGUAGE plpgsql STABLE SET search_path = blacklist, pg_temp AS $$
DECLARE
    days_left integer;
    again     record;
BEGIN
    last_day := p_last;
    provisional := p_provisional;
    IF p_stopped > p_last OR p_answered = p_stopped THEN
        RETURN;
    END IF;
    SELECT count(*) INTO days_left FROM working_day w WHERE w.day > p_stopped AND w.day <= p_last;
    IF days_left = 0 THEN
        last_day := greatest(p_last, p_answered);
        RETURN;
    END IF;
    SELECT * INTO again FROM add_working_days(p_answered, days_left);
    IF again.last_day > p_last THEN
        last_day := again.last_day;
        provisional := again.provisional;
    END IF;
END $$;

-- The guard ---------------------------------------------------------------------------------------------------------

-- Stamps time, state and window; judges what the step rests on. Nothing that is supplied for these counts.
CREATE FUNCTION case_step_guard() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = blacklist, pg_temp AS $$
DECLARE
    last_step  case_step;
    noticed    case_step;
    found_step case_step;
    today      date;
    ends       record;
BEGIN
    PERFORM pg_advisory_xact_lock(7402, hashtext(NEW.case_id::text));
    NEW.at := house_now();
    today := (NEW.at AT TIME ZONE 'Asia/Shanghai')::date;
    SELECT * INTO last_step FROM case_step s
    WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id ORDER BY s.seq DESC LIMIT 1;
    IF NEW.seq IS DISTINCT FROM coalesce(last_step.seq, 0) + 1 THEN
        RAISE EXCEPTION 'the case has moved on' USING ERRCODE = 'CX001';
    END IF;
    SELECT l.to_state INTO NEW.state FROM legal_step l
    WHERE l.from_state = coalesce(last_step.state, '') AND l.step = NEW.step;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the step does not follow on the last one' USING ERRCODE = 'CX001';
    END IF;
    NEW.window_ends_before := NULL;
    NEW.window_provisional := NULL;
    SELECT * INTO noticed FROM case_step s
    WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id AND s.window_ends_before IS NOT NULL
    ORDER BY s.seq DESC LIMIT 1;

    IF NEW.step = 'match_standard' THEN
        IF NOT EXISTS (SELECT FROM evidence e WHERE e.bucket = NEW.bucket AND e.case_id = NEW.case_id) THEN
            RAISE EXCEPTION 'no evidence' USING ERRCODE = 'CX001';
        END IF;
    ELSIF NEW.step = 'hold_panel' THEN
        IF (SELECT count(DISTINCT m) FROM unnest(NEW.member_tags) m WHERE octet_length(m) = 16) < 3 THEN
            RAISE EXCEPTION 'a panel has three members' USING ERRCODE = 'CX001';
        END IF;
    ELSIF NEW.step = 'notify_party' THEN
        SELECT * INTO ends FROM window_of(today);
        NEW.window_ends_before := ends.last_day + 1;
        NEW.window_provisional := ends.provisional;
    ELSIF NEW.step = 'answer_statement' THEN
        SELECT * INTO ends FROM window_resumed(noticed.window_ends_before - 1, noticed.window_provisional,
            (last_step.at AT TIME ZONE 'Asia/Shanghai')::date, today);
        NEW.window_ends_before := ends.last_day + 1;
        NEW.window_provisional := ends.provisional;
    ELSIF NEW.step IN ('decide_to_list', 'decide_to_drop') THEN
        IF today < noticed.window_ends_before THEN
            RAISE EXCEPTION 'the window for statement and defence is open' USING ERRCODE = 'CX001';
        END IF;
        IF EXISTS (SELECT FROM case_step s WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id
                   AND s.step IN ('open', 'match_standard', 'find_facts') AND s.officer_tag = NEW.officer_tag) THEN
            RAISE EXCEPTION 'who proposed does not decide' USING ERRCODE = 'CX001';
        END IF;
        IF NOT EXISTS (SELECT FROM decision_number d JOIN case_file f USING (authority, case_id)
                       WHERE f.bucket = NEW.bucket AND f.case_id = NEW.case_id) THEN
            RAISE EXCEPTION 'the decision has no number' USING ERRCODE = 'CX001';
        END IF;
    END IF;

    IF NEW.step = 'decide_to_list' THEN
        SELECT * INTO found_step FROM case_step s
        WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id AND s.step = 'find_facts';
        IF NOT NEW.measures <@ found_step.measures THEN
            RAISE EXCEPTION 'a measure was not proposed to the party' USING ERRCODE = 'CX001';
        END IF;
        IF found_step.slight THEN
            RAISE EXCEPTION 'a slight case is not listed' USING ERRCODE = 'CX001';
        END IF;
        IF found_step.under_age AND NEW.published THEN
            RAISE EXCEPTION 'a person under age is not published' USING ERRCODE = 'CX001';
        END IF;
        IF EXISTS (SELECT FROM case_step s WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id AND s.upheld) THEN
            RAISE EXCEPTION 'a statement was upheld' USING ERRCODE = 'CX001';
        END IF;
    ELSIF NEW.step = 'serve_decision' THEN
        IF NOT EXISTS (SELECT FROM listing l WHERE l.bucket = NEW.bucket AND l.case_id = NEW.case_id) THEN
            RAISE EXCEPTION 'the listing has no id' USING ERRCODE = 'CX001';
        END IF;
    ELSIF NEW.step = 'acknowledge_listing' THEN
        IF NOT EXISTS (SELECT FROM listing_record r WHERE r.bucket = bucket_in(NEW.record_id)
                       AND r.record_id = NEW.record_id AND r.case_id = NEW.case_id) THEN
            RAISE EXCEPTION 'the record belongs to no listing of this case' USING ERRCODE = 'CX001';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_step_guard BEFORE INSERT ON case_step FOR EACH ROW EXECUTE FUNCTION case_step_guard();

-- Evidence is taken before it is held against the standard, and to verify what a statement claims.
CREATE FUNCTION evidence_guard() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = blacklist, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7402, hashtext(NEW.case_id::text));
    NEW.at := house_now();
    IF coalesce((SELECT s.state FROM case_step s WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id
                 ORDER BY s.seq DESC LIMIT 1), '') NOT IN ('investigating', 'statement_pending') THEN
        RAISE EXCEPTION 'evidence is not taken now' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER evidence_guard BEFORE INSERT ON evidence FOR EACH ROW EXECUTE FUNCTION evidence_guard();

-- A listing comes out of a case that was decided to be listed.
CREATE FUNCTION listing_guard() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = blacklist, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7402, hashtext(NEW.case_id::text));
    IF (SELECT s.state FROM case_step s WHERE s.bucket = NEW.bucket AND s.case_id = NEW.case_id
        ORDER BY s.seq DESC LIMIT 1) IS DISTINCT FROM 'decided' THEN
        RAISE EXCEPTION 'a listing needs a decision' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER listing_guard BEFORE INSERT ON listing FOR EACH ROW EXECUTE FUNCTION listing_guard();

-- The law of the past stays: a number that has come into force is neither removed nor given another value, an end
-- that is past is neither moved nor set, and no two versions are in force on one day.
CREATE FUNCTION policy_number_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = blacklist, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.in_force_from > house_today() THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND ((NEW.name, NEW.value, NEW.in_force_from) IS DISTINCT FROM
                                                 (OLD.name, OLD.value, OLD.in_force_from)
            OR NEW.in_force_until IS DISTINCT FROM OLD.in_force_until
               AND least(NEW.in_force_until, OLD.in_force_until) <= house_today()) THEN
        RAISE EXCEPTION 'a number that came into force stays; add a new version' USING ERRCODE = 'CX001';
    END IF;
    IF EXISTS (SELECT FROM policy_number n WHERE n.name = NEW.name AND n.in_force_from <> NEW.in_force_from
               AND n.in_force_from < coalesce(NEW.in_force_until, 'infinity')
               AND coalesce(n.in_force_until, 'infinity') > NEW.in_force_from) THEN
        RAISE EXCEPTION 'another version of the number is in force then' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policy_number_guard BEFORE INSERT OR UPDATE OR DELETE ON policy_number
    FOR EACH ROW EXECUTE FUNCTION policy_number_guard();

DO $$
DECLARE each_table text;
BEGIN
    FOREACH each_table IN ARRAY ARRAY['legal_step', 'case_file', 'case_request', 'evidence', 'decision_number',
                                      'listing', 'listing_record', 'case_step'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', each_table);
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION bucket_in(uuid), policy_value(text, date), add_working_days(date, integer), window_of(date),
    window_resumed(date, boolean, date, date), case_step_guard(), evidence_guard(), listing_guard(),
    policy_number_guard() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bucket_in(uuid), policy_value(text, date), add_working_days(date, integer), window_of(date),
    window_resumed(date, boolean, date, date) TO blacklist_app;
GRANT SELECT ON working_day, policy_number, legal_step TO blacklist_app;
GRANT SELECT, INSERT ON case_file, case_request, evidence, decision_number, listing, listing_record, case_step
    TO blacklist_app;
-- What an auditor may see of the cases: which numbers there are, and which step waits until when. Nothing of a party.
CREATE VIEW house_matter AS SELECT bucket, case_id AS matter FROM case_file;
CREATE VIEW awaited_step AS
    SELECT f.case_id::text AS matter, f.authority, s.state AS step, NULL::date AS since, s.due_on
    FROM case_file f CROSS JOIN LATERAL (
        SELECT * FROM case_step s WHERE s.bucket = f.bucket AND s.case_id = f.case_id
        ORDER BY s.seq DESC LIMIT 1) s
    WHERE s.due_on IS NOT NULL;
GRANT SELECT ON house_matter, awaited_step TO audit_reader;
-- Putting a job down draws its number and its event's.
