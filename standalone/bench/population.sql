-- Copies of the record %(model)s, one for each party that (bucket, tag) names; see population.py. What is looked up by key
-- says so (OFFSET 0): tables grow a hundredfold between two looks of the planner.
WITH model AS MATERIALIZED (
    SELECT r.*, t.fields
    FROM record_place p JOIN record r USING (bucket, record_id) JOIN record_text t USING (bucket, record_id)
    WHERE p.place = place_of(%(model)s) AND p.record_id = %(model)s
), party AS MATERIALIZED (
    SELECT a.*, gen_random_uuid() AS subject_id, gen_random_uuid() AS record_id
    FROM unnest(%(buckets)b::smallint[], %(tags)b::bytea[]) AS a (bucket, tag)
), subjects AS (INSERT INTO subject (bucket, subject_id) SELECT bucket, subject_id FROM party
), tags AS (
    INSERT INTO subject_tag (bucket, tag, subject_id, epoch, canon)
    SELECT p.bucket, p.tag, p.subject_id, t.epoch, t.canon FROM party p, model m CROSS JOIN LATERAL (
        SELECT epoch, canon FROM subject_tag t WHERE t.bucket = m.bucket AND t.subject_id = m.subject_id OFFSET 0) t
), records AS (
    INSERT INTO record (bucket, record_id, subject_id, document_tag, version, person, item_code, provider,
                        determining_authority, document_kind, severity, determined_on, earliest_repair_on, ends_before,
                        public, sample, archive_wrap, share_wrap, handed_in_at, erase_before)
    SELECT p.bucket, p.record_id, p.subject_id, uuid_send(p.record_id), m.version, m.person, m.item_code, m.provider,
           m.determining_authority, m.document_kind, m.severity, m.determined_on, m.earliest_repair_on, m.ends_before,
           m.public, m.sample, m.archive_wrap, m.share_wrap, m.handed_in_at, m.erase_before
    FROM party p, model m
), texts AS (
    INSERT INTO record_text (bucket, record_id, fields) SELECT p.bucket, p.record_id, m.fields FROM party p, model m
), numbers AS (
    INSERT INTO record_number (place, provider, number_tag, content_digest, record_id)
    SELECT place_of(p.record_id), m.provider, uuid_send(p.record_id), uuid_send(p.record_id), p.record_id
    FROM party p, model m
), places AS (
    INSERT INTO record_place (place, record_id, bucket) SELECT place_of(record_id), record_id, bucket FROM party
), names AS (
    INSERT INTO public_name (bucket, record_id, epoch, tag, determined_on)
    SELECT p.bucket, p.record_id, n.epoch, get_byte(p.tag, 0) * 256 + get_byte(p.tag, 1), n.determined_on
    FROM party p, model m CROSS JOIN LATERAL (
        SELECT * FROM public_name n WHERE n.bucket = m.bucket AND n.record_id = m.record_id OFFSET 0) n
)
INSERT INTO change_event (bucket, xid, at, kind, record_id, version, item_code)
SELECT p.bucket, pg_current_xact_id(), m.handed_in_at, 'recorded', p.record_id, m.version, m.item_code
FROM party p, model m
