-- Erasing closed cases: the wrap of the key, the party, all that was written, officials and panel with their tags,
-- evidence, the number of the decision. What stays is the history: which authority and scheme, the steps, their times and
-- digests. Tags go too: each step was judged by them when it was taken, none is taken any more, and who holds the key of
-- the index could try the few numbers of an authority until one fits.
-- Source: Personal Information Protection Law art. 47.

ALTER TABLE case_file ALTER COLUMN wrap DROP NOT NULL, ADD CHECK ((wrap IS NULL) = (party = ''));

CREATE OR REPLACE FUNCTION dossier_over(p_id uuid) RETURNS boolean
    LANGUAGE sql VOLATILE COST 1000 SET search_path = blacklist, pg_temp AS $$
    SELECT coalesce((
        SELECT s.at < kept_since('dossier') AND NOT EXISTS (SELECT FROM legal_step l WHERE l.from_state = s.state)
        FROM case_step s WHERE s.bucket = bucket_in(p_id) AND s.case_id = p_id
        ORDER BY s.seq DESC LIMIT 1), false)
$$;
SELECT dossier_table('case_file', 'case_id'), erasable('case_step', 'case_id'), erasable('evidence', 'case_id'),
       erasable('decision_number', 'case_id');

-- One step: at most 50, since their evidence may be large. Tags are replaced by what is nobody's.
CREATE FUNCTION erase_dossiers(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = blacklist, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_buckets smallint[];
BEGIN
    SELECT array_agg(d.case_id), array_agg(DISTINCT d.bucket) INTO v_ids, v_buckets FROM (
        SELECT f.bucket, f.case_id FROM case_file f
        JOIN case_step s ON s.bucket = f.bucket AND s.case_id = f.case_id AND s.seq = 1
        WHERE f.wrap IS NOT NULL AND s.at < kept_since('dossier') AND dossier_over(f.case_id)
        LIMIT least(p_most, 50)) d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM set_config('chengxin.erasing', 'dossier', true);
    UPDATE case_file f SET wrap = NULL, party = ''
    WHERE f.bucket = ANY (v_buckets) AND f.case_id = ANY (v_ids);
    UPDATE case_step s
    SET artefact = '', officer = CASE WHEN s.officer IS NOT NULL THEN ''::bytea END,
        officer_tag = CASE WHEN s.officer IS NOT NULL THEN substr(sha256(uuid_send(s.case_id)), 1, 16) END,
        member_tags = CASE WHEN s.member_tags IS NOT NULL THEN '{}'::bytea[] END
    WHERE s.bucket = ANY (v_buckets) AND s.case_id = ANY (v_ids);
    DELETE FROM evidence e WHERE e.bucket = ANY (v_buckets) AND e.case_id = ANY (v_ids);
    DELETE FROM decision_number d WHERE d.case_id = ANY (v_ids);
    PERFORM set_config('chengxin.erasing', '', true);
    PERFORM journal_erasure(p_fingerprint, 'Eraser.EraseCases', p_salt, p_sealed,
                            (SELECT array_agg(i || ':0:erased') FROM unnest(v_ids) i));
    RETURN cardinality(v_ids);
END $$;
CREATE INDEX decision_number_of_case ON decision_number (case_id);

REVOKE ALL ON FUNCTION erase_dossiers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_dossiers TO blacklist_eraser;
