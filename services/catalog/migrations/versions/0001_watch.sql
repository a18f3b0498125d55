-- Holding records against what their columns can't change: the change feed's tombstones, and the name of the key that
-- wraps the shared copy, which the wrap itself authenticates. Whoever has all rights can put a row back, or write in
-- plain columns; what he did is found here, and a withdrawal is carried out again.
CREATE INDEX change_event_tombstone ON change_event (bucket, record_id) WHERE kind = 'withdrawn';

-- Looks at one bucket. `ended`: records that were shared although their withdrawal was told; their sharing is ended again, for
-- the reason told first. `altered`: records shared without a shared copy, or with one of another month than the end of
-- their sharing says.
CREATE FUNCTION hold_to_the_past(p_bucket smallint, OUT ended uuid[], OUT altered uuid[])
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = catalog, pg_temp AS $$
DECLARE
    v_each record;
BEGIN
    ended := '{}';
    IF EXISTS (SELECT FROM change_event c JOIN record r ON r.bucket = c.bucket AND r.record_id = c.record_id
               WHERE c.bucket = p_bucket AND c.kind = 'withdrawn' AND r.ended_at IS NULL) THEN
        PERFORM lock_buckets(ARRAY[p_bucket], true);
        FOR v_each IN
            SELECT t.end_reason, array_agg(t.record_id) AS ids FROM (
                SELECT DISTINCT ON (c.record_id) c.record_id, c.end_reason
                FROM change_event c JOIN record r ON r.bucket = c.bucket AND r.record_id = c.record_id
                WHERE c.bucket = p_bucket AND c.kind = 'withdrawn' AND r.ended_at IS NULL
                ORDER BY c.record_id, c.event_id) t
            GROUP BY t.end_reason
        LOOP
            PERFORM end_now(array_fill(p_bucket, ARRAY[cardinality(v_each.ids)]), v_each.ids, v_each.end_reason);
            ended := ended || v_each.ids;
        END LOOP;
    END IF;
    SELECT coalesce(array_agg(r.record_id), '{}') INTO altered FROM record r
    WHERE r.bucket = p_bucket AND r.ended_at IS NULL AND NOT starts_with(
        coalesce(wrap_key(r.share_wrap), ''),
        'share/' || CASE WHEN isfinite(r.ends_before)
                         THEN to_char((r.ends_before - interval '1 day') AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')
                         ELSE 'open-' END);
END $$;
REVOKE ALL ON FUNCTION hold_to_the_past FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_to_the_past TO catalog_worker;
