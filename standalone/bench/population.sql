-- Copies of the record %(model)s, one for each party that (bucket, tag) names. See population.py.
WITH model AS MATERIALIZED (
    SELECT r.* FROM record_place p JOIN record r USING (bucket, record_id)
    WHERE p.place = place_of(%(model)s) AND p.record_id = %(model)s
), party AS MATERIALIZED (
    SELECT a.*, gen_random_uuid() AS subject_id, gen_random_uuid() AS record_id
    FROM unnest(%(buckets)b::smallint[], %(tags)b::bytea[]) AS a (bucket, tag)
), subjects AS (INSERT INTO subject (bucket, subject_id) SELECT bucket, subject_id FROM party
), tags AS (
    INSERT INTO subject_tag (bucket, tag, subject_id, epoch, canon)
    SELECT p.bucket, p.tag, p.subject_id, t.epoch, t.canon
    FROM party p, (SELECT epoch, canon FROM subject_tag ORDER BY epoch DESC LIMIT 1) t
), records AS (
    INSERT INTO record (bucket, record_id, subject_id, document_tag, version, person, item_code, provider,
                        determining_authority, document_kind, severity, determined_on, earliest_repair_on, ends_before,
                        public, sample, archive_wrap, share_wrap, fields, handed_in_at, erase_before)
    SELECT p.bucket, p.record_id, p.subject_id, uuid_send(p.record_id), m.version, m.person, m.item_code, m.provider,
           m.determining_authority, m.document_kind, m.severity, m.determined_on, m.earliest_repair_on, m.ends_before,
           m.public, m.sample, m.archive_wrap, m.share_wrap, m.fields, m.handed_in_at, m.erase_before
    FROM party p, model m
), numbers AS (
    INSERT INTO record_number (place, provider, number_tag, content_digest, record_id)
    SELECT place_of(p.record_id), m.provider, uuid_send(p.record_id), uuid_send(p.record_id), p.record_id
    FROM party p, model m
), places AS (
    INSERT INTO record_place (place, record_id, bucket) SELECT place_of(record_id), record_id, bucket FROM party
), names AS (
    INSERT INTO public_name (bucket, record_id, epoch, tag, determined_on)
    SELECT p.bucket, p.record_id, n.epoch, get_byte(p.tag, 0) * 256 + get_byte(p.tag, 1), n.determined_on
    FROM party p, model m JOIN public_name n USING (bucket, record_id)
)
INSERT INTO change_event (bucket, xid, at, kind, record_id, version, item_code)
SELECT p.bucket, pg_current_xact_id(), m.handed_in_at, 'recorded', p.record_id, m.version, m.item_code
FROM party p, model m
