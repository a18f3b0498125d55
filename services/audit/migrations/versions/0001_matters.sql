-- Reports of misuse. As with the list office's cases, nothing is ever changed: a matter is the rows of its steps, and
-- its state is that of the last one. Source: 54号 clause 13 (审查和登记).

CREATE TABLE misuse_rule (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO misuse_rule VALUES ('', 'reported'), ('reported', 'taken_up'), ('taken_up', 'decided'), ('decided', 'answered');

-- Who reported is sealed; a party finds its own by party_tag. The same report opens one matter: whoever reports an entry
-- holds the lock of it, and the office opens the reports that there are of it.
CREATE TABLE misuse_matter (
    bucket       smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    matter_id    uuid     NOT NULL CHECK (get_byte(uuid_send(matter_id), 0) = bucket),
    by_party     boolean  NOT NULL,
    source       text     NOT NULL,
    entry_id     bigint   NOT NULL,
    authority    text     NOT NULL,
    wrap         bytea    NOT NULL,
    reporter     bytea    NOT NULL,
    PRIMARY KEY (bucket, matter_id)
);
CREATE INDEX misuse_matter_id ON misuse_matter (matter_id);
CREATE INDEX misuse_matter_entry ON misuse_matter (bucket, source, entry_id);

-- `officer` is the official number that the assertion names, sealed with the matter; `officer_tag` is keyed over it and
-- the authority, one for each official in all matters, so that the guard can tell two from one.
CREATE TABLE misuse_step (
    bucket          smallint    NOT NULL,
    matter_id       uuid        NOT NULL,
    step_no         smallint    NOT NULL,
    state           text        NOT NULL,
    at              timestamptz NOT NULL,
    day             date        NOT NULL,
    officer         bytea,
    officer_tag     bytea       CHECK (octet_length(officer_tag) = 16),
    due_on          date        CHECK (due_on > day),
    upheld          boolean,
    said            bytea       NOT NULL,
    PRIMARY KEY (bucket, matter_id, step_no),
    FOREIGN KEY (bucket, matter_id) REFERENCES misuse_matter,
    CHECK ((due_on IS NULL) = (state = 'answered')),
    CHECK ((upheld IS NOT NULL) = (state = 'decided')),
    CHECK (officer_tag IS NOT NULL OR state = 'reported'),
    CHECK ((officer IS NULL) = (officer_tag IS NULL))
);

CREATE FUNCTION misuse_step_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
DECLARE
    last_step misuse_step;
BEGIN
    PERFORM pg_advisory_xact_lock(7403, hashtext(NEW.matter_id::text));
    SELECT * INTO last_step FROM misuse_step s
    WHERE s.bucket = NEW.bucket AND s.matter_id = NEW.matter_id ORDER BY s.step_no DESC LIMIT 1;
    IF NOT EXISTS (SELECT FROM misuse_rule r
                   WHERE r.from_state = coalesce(last_step.state, '') AND r.to_state = NEW.state) THEN
        RAISE EXCEPTION 'no step leads from % to %', coalesce(last_step.state, 'the beginning'), NEW.state
            USING ERRCODE = 'CX001';
    END IF;
    IF NEW.state = 'decided' AND EXISTS (
        SELECT FROM misuse_step s WHERE s.bucket = NEW.bucket AND s.matter_id = NEW.matter_id
                                    AND s.officer_tag = NEW.officer_tag) THEN
        RAISE EXCEPTION 'who reported or examined does not decide' USING ERRCODE = 'CX001';
    END IF;
    NEW.step_no := coalesce(last_step.step_no, 0) + 1;
    NEW.at := house_now();
    -- The deadline counts from this day; over midnight the office takes the step anew.
    IF NEW.day <> (NEW.at AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'the day of the step is over' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER misuse_step_guard BEFORE INSERT ON misuse_step FOR EACH ROW EXECUTE FUNCTION misuse_step_guard();

-- Where each matter stands that is not erased.
CREATE VIEW misuse_standing AS
    SELECT m.*, s.state, s.due_on, s.due_on < house_today() AS overdue
    FROM misuse_matter m CROSS JOIN LATERAL (
        SELECT * FROM misuse_step s WHERE s.bucket = m.bucket AND s.matter_id = m.matter_id
        ORDER BY s.step_no DESC LIMIT 1) s
    WHERE m.wrap IS NOT NULL;

-- What waits here for a step, for the auditor's question after what is overdue.
CREATE VIEW awaited_step AS
    SELECT matter_id::text AS matter, authority, 'misuse:' || state AS step, NULL::date AS since, due_on
    FROM misuse_standing WHERE due_on IS NOT NULL;

DO $$
DECLARE each_table text;
BEGIN
    FOREACH each_table IN ARRAY ARRAY['misuse_rule', 'misuse_matter', 'misuse_step'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', each_table);
    END LOOP;
END $$;
SELECT dossier_table('misuse_matter', 'matter_id'), dossier_index('misuse_matter', 'matter_id', 'reporter');
REVOKE ALL ON FUNCTION misuse_step_guard() FROM PUBLIC;
GRANT SELECT, INSERT ON misuse_matter, misuse_step TO audit_app;
GRANT SELECT ON misuse_rule, misuse_standing TO audit_app;
GRANT SELECT ON awaited_step TO audit_reader;
