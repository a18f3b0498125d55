-- Applications for repair. What is handed in and every step taken stay as they are; where an application stands
-- follows from its steps. Source: 54号 clauses 11 and 12; 信用修复管理办法 (2026).

-- Every step there is and who takes it; '' stands for the beginning. The same as STEPS in domain/application.py.
CREATE TABLE step_rule (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    actor      text NOT NULL CHECK (actor IN ('party', 'officer', 'house')),
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO step_rule VALUES
    ('',          'submitted',    'party'),
    ('submitted', 'accepted',     'officer'),
    ('submitted', 'not_accepted', 'officer'),
    ('submitted', 'withdrawn',    'party'),
    ('accepted',  'extended',     'officer'),
    ('accepted',  'granted',      'officer'),
    ('accepted',  'refused',      'officer'),
    ('accepted',  'withdrawn',    'party'),
    ('extended',  'granted',      'officer'),
    ('extended',  'refused',      'officer'),
    ('extended',  'withdrawn',    'party'),
    ('granted',   'carried_out',  'house');

-- The first byte of an id is its bucket, so that an id alone leads to its shard.
CREATE TABLE application (
    bucket                smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    application_id        uuid     NOT NULL CHECK (get_byte(uuid_send(application_id), 0) = bucket),
    request_tag           bytea    NOT NULL CHECK (octet_length(request_tag) = 16),
    record_id             text     NOT NULL CHECK (record_id <> ''),
    determining_authority text     NOT NULL CHECK (determining_authority <> ''),
    repairable_from       date     NOT NULL,
    commitment            boolean  NOT NULL CHECK (commitment),
    wrap                  bytea    NOT NULL,
    subject               bytea    NOT NULL,
    correction            bytea    NOT NULL,
    PRIMARY KEY (bucket, application_id),
    UNIQUE (bucket, request_tag)
);

CREATE TABLE application_step (
    bucket          smallint    NOT NULL,
    application_id  uuid        NOT NULL,
    step_no         smallint    NOT NULL,
    state           text        NOT NULL,
    at              timestamptz NOT NULL,
    day             date        NOT NULL,
    officer         bytea,
    authority       text        NOT NULL,
    due_on          date        CHECK (due_on > day),
    due_provisional boolean     NOT NULL,
    missing         bytea,
    reasons         bytea,
    verification    bytea,
    PRIMARY KEY (bucket, application_id, step_no),
    FOREIGN KEY (bucket, application_id) REFERENCES application,
    CHECK ((due_on IS NOT NULL) = (state IN ('submitted', 'accepted', 'extended'))),
    CHECK ((missing IS NOT NULL) = (state = 'not_accepted')),
    CHECK ((reasons IS NOT NULL) = (state IN ('extended', 'granted', 'refused'))),
    CHECK ((verification IS NOT NULL) = (state IN ('granted', 'refused')))
);

-- Where each application stands: written by the steps' trigger alone.
CREATE TABLE standing (
    bucket                smallint NOT NULL,
    application_id        uuid     NOT NULL,
    record_id             text     NOT NULL,
    determining_authority text     NOT NULL,
    state                 text     NOT NULL,
    step_no               smallint NOT NULL,
    due_on                date,
    due_provisional       boolean  NOT NULL,
    submitted_at          timestamptz NOT NULL,
    granted_at            timestamptz CHECK ((granted_at IS NOT NULL) = (state IN ('granted', 'carried_out'))),
    PRIMARY KEY (bucket, application_id),
    FOREIGN KEY (bucket, application_id) REFERENCES application
);
CREATE INDEX standing_queue ON standing (determining_authority, due_on)
    WHERE state IN ('submitted', 'accepted', 'extended', 'granted');
CREATE UNIQUE INDEX standing_one_open ON standing (bucket, record_id)
    WHERE state IN ('submitted', 'accepted', 'extended', 'granted');
-- Missing items are named once, all together (Shenzhen regulation art. 81).
CREATE UNIQUE INDEX standing_missing_named_once ON standing (bucket, record_id) WHERE state = 'not_accepted';

CREATE TABLE evidence (
    bucket         smallint    NOT NULL,
    application_id uuid        NOT NULL,
    evidence_id    uuid        NOT NULL,
    evidence_no    smallint    NOT NULL CHECK (evidence_no BETWEEN 1 AND 20),
    content_tag    bytea       NOT NULL CHECK (octet_length(content_tag) = 16),
    size           integer     NOT NULL CHECK (size BETWEEN 1 AND 20 * 1024 * 1024),
    at             timestamptz NOT NULL,
    header         bytea       NOT NULL,
    content        bytea       NOT NULL,
    PRIMARY KEY (bucket, application_id, evidence_id),
    UNIQUE (bucket, application_id, evidence_no),
    UNIQUE (bucket, application_id, content_tag),
    FOREIGN KEY (bucket, application_id) REFERENCES application
);

CREATE FUNCTION application_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = repair, pg_temp AS $$
BEGIN
    IF NEW.repairable_from > house_today() THEN
        RAISE EXCEPTION 'the minimum publicity is not over' USING ERRCODE = 'CX001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER application_guard BEFORE INSERT ON application
    FOR EACH ROW EXECUTE FUNCTION application_guard();

-- Takes a step: only one that step_rule knows, by whom it says, at the house's time whatever was supplied.
CREATE FUNCTION application_step_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = repair, pg_temp AS $$
DECLARE
    whole   application%ROWTYPE;
    stands  standing%ROWTYPE;
    acts    text;
BEGIN
    SELECT * INTO whole FROM application a
        WHERE a.bucket = NEW.bucket AND a.application_id = NEW.application_id;
    SELECT * INTO stands FROM standing s
        WHERE s.bucket = NEW.bucket AND s.application_id = NEW.application_id FOR UPDATE;
    SELECT r.actor INTO acts FROM step_rule r
        WHERE r.from_state = coalesce(stands.state, '') AND r.to_state = NEW.state;
    IF acts IS NULL THEN
        RAISE EXCEPTION 'no step leads from % to %', coalesce(stands.state, 'the beginning'), NEW.state
            USING ERRCODE = 'CX001';
    END IF;
    IF (acts = 'officer') <> (NEW.officer IS NOT NULL)
        OR NEW.authority <> (CASE acts WHEN 'officer' THEN whole.determining_authority ELSE '' END) THEN
        RAISE EXCEPTION 'the step to % is taken by: %', NEW.state, acts USING ERRCODE = 'CX001';
    END IF;
    IF NEW.state = 'not_accepted' AND EXISTS (SELECT FROM standing s
            WHERE s.bucket = NEW.bucket AND s.record_id = whole.record_id AND s.state = 'not_accepted') THEN
        RAISE EXCEPTION 'missing items are named once' USING ERRCODE = 'CX001';
    END IF;
    IF NEW.state = 'extended' AND (NEW.day > stands.due_on OR NEW.due_on <= stands.due_on) THEN
        RAISE EXCEPTION 'a last day is put off to a later one, before it is over' USING ERRCODE = 'CX001';
    END IF;
    NEW.step_no := coalesce(stands.step_no, 0) + 1;
    NEW.at := house_now();
    -- The deadline counts from this day; over midnight the office takes the step anew.
    IF NEW.day <> (NEW.at AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'the day of the step is over' USING ERRCODE = 'serialization_failure';
    END IF;
    IF stands.state IS NULL THEN
        INSERT INTO standing VALUES (NEW.bucket, NEW.application_id, whole.record_id,
                                     whole.determining_authority, NEW.state, NEW.step_no, NEW.due_on,
                                     NEW.due_provisional, NEW.at, NULL);
    ELSE
        UPDATE standing s SET state = NEW.state, step_no = NEW.step_no, due_on = NEW.due_on,
                              due_provisional = NEW.due_provisional,
                              granted_at = CASE NEW.state WHEN 'granted' THEN NEW.at ELSE s.granted_at END
            WHERE s.bucket = NEW.bucket AND s.application_id = NEW.application_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER application_step_guard BEFORE INSERT ON application_step
    FOR EACH ROW EXECUTE FUNCTION application_step_guard();

-- Evidence comes in only while a step of the authority is due.
CREATE FUNCTION evidence_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = repair, pg_temp AS $$
DECLARE
    stands text;
BEGIN
    SELECT s.state INTO stands FROM standing s
        WHERE s.bucket = NEW.bucket AND s.application_id = NEW.application_id FOR SHARE;
    IF stands IS NULL OR stands NOT IN ('submitted', 'accepted', 'extended') THEN
        RAISE EXCEPTION 'the application takes no evidence now' USING ERRCODE = 'CX001';
    END IF;
    NEW.at := house_now();
    RETURN NEW;
END $$;
CREATE TRIGGER evidence_guard BEFORE INSERT ON evidence FOR EACH ROW EXECUTE FUNCTION evidence_guard();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON application
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON application_step
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

REVOKE ALL ON FUNCTION application_guard(), application_step_guard(), evidence_guard() FROM PUBLIC;
GRANT SELECT, INSERT ON application, application_step, evidence TO repair_app;
GRANT SELECT ON standing, step_rule TO repair_app;
-- What an auditor may see of them: which numbers there are, and which step waits until when. Nothing of a party.
CREATE VIEW house_matter AS SELECT bucket, application_id AS matter FROM application;
CREATE VIEW awaited_step AS
    SELECT application_id::text AS matter, determining_authority AS authority, state AS step, NULL::date AS since, due_on
    FROM standing WHERE due_on IS NOT NULL;
GRANT SELECT ON house_matter, awaited_step TO audit_reader;
-- Putting a job down draws its number.
