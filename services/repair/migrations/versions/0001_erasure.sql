-- Erasing closed applications: the wrap of the key, the party, all that was written, the evidence. What stays is the
-- history: which record, which authority, the steps and their times. Source: Personal Information Protection Law art. 47.

ALTER TABLE application ALTER COLUMN wrap DROP NOT NULL, ADD CHECK ((wrap IS NULL) = (subject = ''));

CREATE OR REPLACE FUNCTION dossier_over(p_id uuid) RETURNS boolean
    LANGUAGE sql VOLATILE COST 1000 SET search_path = repair, pg_temp AS $$
    SELECT coalesce((
        SELECT t.at < kept_since('dossier') AND NOT EXISTS (SELECT FROM step_rule r WHERE r.from_state = t.state)
        FROM application_step t
        WHERE t.bucket = get_byte(uuid_send(p_id), 0) AND t.application_id = p_id
        ORDER BY t.step_no DESC LIMIT 1), false)
$$;
SELECT dossier_table('application', 'application_id'), dossier_index('application', 'application_id', 'subject'), erasable('application_step', 'application_id'),
       erasable('evidence', 'application_id');

-- One step: at most 50, since their evidence may be large. Tags are replaced by what is nobody's.
CREATE FUNCTION erase_dossiers(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = repair, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_buckets smallint[];
BEGIN
    SELECT array_agg(d.application_id), array_agg(DISTINCT d.bucket) INTO v_ids, v_buckets FROM (
        SELECT a.bucket, a.application_id FROM application a
        JOIN standing s ON s.bucket = a.bucket AND s.application_id = a.application_id
        WHERE a.wrap IS NOT NULL AND s.submitted_at < kept_since('dossier') AND dossier_over(a.application_id)
        LIMIT least(p_most, 50)) d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM set_config('chengxin.erasing', 'dossier', true);
    UPDATE application a
    SET wrap = NULL, subject = '', correction = '',
        request_tag = substr(sha256(uuid_send(a.application_id)), 17, 16)
    WHERE a.bucket = ANY (v_buckets) AND a.application_id = ANY (v_ids);
    UPDATE application_step t
    SET officer = CASE WHEN t.officer IS NOT NULL THEN ''::bytea END,
        missing = CASE WHEN t.missing IS NOT NULL THEN ''::bytea END,
        reasons = CASE WHEN t.reasons IS NOT NULL THEN ''::bytea END,
        verification = CASE WHEN t.verification IS NOT NULL THEN ''::bytea END
    WHERE t.bucket = ANY (v_buckets) AND t.application_id = ANY (v_ids);
    DELETE FROM evidence e WHERE e.bucket = ANY (v_buckets) AND e.application_id = ANY (v_ids);
    PERFORM set_config('chengxin.erasing', '', true);
    PERFORM journal_erasure(p_fingerprint, 'Eraser.EraseApplications', p_salt, p_sealed,
                            (SELECT array_agg(i || ':0:erased') FROM unnest(v_ids) i));
    RETURN cardinality(v_ids);
END $$;

REVOKE ALL ON FUNCTION erase_dossiers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_dossiers TO repair_eraser;
