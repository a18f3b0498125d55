-- Door numbers that are missing from the log. Every door draws one from a sequence, which a rollback does not give back:
-- a number that is nowhere is an answer that was taken back, a row that was deleted, or a crash. Derived from the
-- entries; whoever has those can derive it again.

-- The highest number of each journal that is in the log.
CREATE TABLE door_head (
    source  text NOT NULL,
    epoch   uuid NOT NULL,
    door_no bigint NOT NULL,
    PRIMARY KEY (source, epoch)
);
-- The numbers first_no to last_no are missing below it.
CREATE TABLE door_gap (
    source     text NOT NULL,
    epoch      uuid NOT NULL,
    first_no   bigint NOT NULL,
    last_no    bigint NOT NULL CHECK (last_no >= first_no),
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, epoch, first_no)
);
CREATE INDEX log_entry_door ON log_entry (source, source_epoch, door_no);

-- A number that comes late (its transaction was open longer) leaves the gap that it stood in; those above the highest
-- open new ones. An adopted epoch goes on from wherever its backup was, so its first gap is not counted.
CREATE FUNCTION follow_doors() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
BEGIN
    WITH hit AS (
        DELETE FROM door_gap g WHERE EXISTS (
            SELECT FROM fresh f WHERE f.source = g.source AND f.source_epoch = g.epoch
                                  AND f.door_no BETWEEN g.first_no AND g.last_no)
        RETURNING g.*
    )
    INSERT INTO door_gap (source, epoch, first_no, last_no, noticed_at)
    SELECT h.source, h.epoch, lower(left_over), upper(left_over) - 1, h.noticed_at
    FROM hit h CROSS JOIN LATERAL unnest(
        int8multirange(int8range(h.first_no, h.last_no, '[]'))
        - (SELECT range_agg(int8range(f.door_no, f.door_no, '[]')) FROM fresh f
           WHERE f.source = h.source AND f.source_epoch = h.epoch
             AND f.door_no BETWEEN h.first_no AND h.last_no)) AS left_over;
    INSERT INTO door_head (source, epoch, door_no)
    SELECT f.source, f.source_epoch,
           CASE WHEN EXISTS (SELECT FROM epoch_adoption a WHERE a.source = f.source AND a.epoch = f.source_epoch)
                THEN min(f.door_no) - 1 ELSE 0 END
    FROM fresh f GROUP BY f.source, f.source_epoch
    ON CONFLICT DO NOTHING;
    INSERT INTO door_gap (source, epoch, first_no, last_no)
    SELECT source, source_epoch, before + 1, door_no - 1
    FROM (SELECT f.source, f.source_epoch, f.door_no,
                 lag(f.door_no, 1, h.door_no)
                     OVER (PARTITION BY f.source, f.source_epoch ORDER BY f.door_no) AS before
          FROM fresh f JOIN door_head h ON h.source = f.source AND h.epoch = f.source_epoch
          WHERE f.door_no > h.door_no) numbered
    WHERE door_no > before + 1;
    UPDATE door_head h SET door_no = f.upto
    FROM (SELECT source, source_epoch, max(door_no) AS upto FROM fresh GROUP BY source, source_epoch) f
    WHERE h.source = f.source AND h.epoch = f.source_epoch AND h.door_no < f.upto;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION follow_doors() FROM PUBLIC;
CREATE TRIGGER follow_doors AFTER INSERT ON log_entry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION follow_doors();
GRANT SELECT ON door_gap TO audit_app;
