-- What an office tells the log's guardians about its journal: where it stands, and which door numbers failed calls lost.
-- Run as the schema's owner after house.sql. {schema} and {roles} are filled in by migrate.py.
-- Source: docs/formats.md, The audit log.

-- Numbers drawn by a transaction that failed: some of (after_no, upto_no]. Written by the office right after the failure;
-- what is missing and stands in no such row, nobody has explained.
CREATE TABLE door_lost (
    after_no bigint NOT NULL CHECK (after_no >= 0),
    upto_no  bigint NOT NULL CHECK (upto_no > after_no),
    at       timestamptz NOT NULL,
    cause    text NOT NULL CHECK (cause <> '')
);
CREATE INDEX door_lost_upto ON door_lost (upto_no);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON door_lost
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The last door number drawn by anybody; 0 before the first.
CREATE FUNCTION door_no_now() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
    RETURN (SELECT last_value - (NOT is_called)::integer FROM door_no);

-- Explain the numbers that a failed transaction lost, which began after p_after. In the same session (p_same_session) the
-- last one is known; otherwise it can be any drawn until now. Writes nothing where none was drawn.
CREATE FUNCTION explain_lost_doors(p_after bigint, p_cause text, p_same_session boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_upto bigint;
BEGIN
    BEGIN
        v_upto := CASE WHEN p_same_session THEN currval('door_no') ELSE door_no_now() END;
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        RETURN;  -- This session never drew a number.
    END;
    IF v_upto > p_after THEN
        INSERT INTO door_lost (after_no, upto_no, at, cause) VALUES (p_after, v_upto, house_now(), p_cause);
    END IF;
END $$;

-- Where the journal stands: its epoch, the real clock (not the house's, which a sample house can move), the xid that no
-- transaction has reached yet, the last entry, and the commitments of the entries asked for, null where it has none.
CREATE FUNCTION journal_standing(p_xids text[], p_entry_ids bigint[],
    OUT epoch uuid, OUT clock timestamptz, OUT next_xid text, OUT last_xid text, OUT last_entry_id bigint,
    OUT commitments bytea[])
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT h.epoch, clock_timestamp(), pg_snapshot_xmax(pg_current_snapshot())::text, l.xid::text, l.entry_id,
           ARRAY(SELECT j.commitment
                 FROM unnest(p_xids, p_entry_ids) WITH ORDINALITY AS asked (xid, entry_id, n)
                 LEFT JOIN journal j ON j.xid = asked.xid::xid8 AND j.entry_id = asked.entry_id
                 ORDER BY asked.n)
    FROM house h LEFT JOIN LATERAL
         (SELECT xid, entry_id FROM journal ORDER BY xid DESC, entry_id DESC LIMIT 1) l ON true
$$;

-- After a backup was restored on purpose: what follows is another history, and nobody takes it for the old one. For the
-- operator (owner or superuser) alone. The log takes nothing of it before it is adopted: chengxin audit adopt.
CREATE FUNCTION begin_epoch() RETURNS uuid LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
DECLARE
    v_epoch uuid := gen_random_uuid();
BEGIN
    ALTER TABLE house DISABLE TRIGGER house_guard;
    UPDATE house SET epoch = v_epoch;
    ALTER TABLE house ENABLE TRIGGER house_guard;
    RETURN v_epoch;
END $$;

REVOKE ALL ON FUNCTION door_no_now(), explain_lost_doors(bigint, text, boolean), begin_epoch(),
    journal_standing(text[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_no_now() TO {roles}, audit_reader;
GRANT EXECUTE ON FUNCTION explain_lost_doors(bigint, text, boolean), journal_standing(text[], bigint[]) TO {roles};
GRANT SELECT ON door_lost TO audit_reader;
