-- Erasing answered reports of misuse: the wrap of the key, who reported, all that was written, the officials. What stays
-- is the history: which entry of which authority, the steps, their times and how it was decided.
-- Source: Personal Information Protection Law art. 47.

ALTER TABLE misuse_matter ALTER COLUMN wrap DROP NOT NULL, ADD CHECK ((wrap IS NULL) = (reporter = ''));

CREATE OR REPLACE FUNCTION dossier_over(p_id uuid) RETURNS boolean
    LANGUAGE sql VOLATILE COST 1000 SET search_path = audit, pg_temp AS $$
    SELECT coalesce((
        SELECT s.at < kept_since('dossier') AND NOT EXISTS (SELECT FROM misuse_rule r WHERE r.from_state = s.state)
        FROM misuse_step s WHERE s.bucket = get_byte(uuid_send(p_id), 0) AND s.matter_id = p_id
        ORDER BY s.step_no DESC LIMIT 1), false)
$$;
SELECT erasable('misuse_step', 'matter_id');

-- One step. The tag is replaced by what is nobody's.
CREATE FUNCTION erase_dossiers(p_fingerprint bytea, p_most integer, p_salt bytea, p_sealed bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = audit, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_buckets smallint[];
BEGIN
    SELECT array_agg(d.matter_id), array_agg(DISTINCT d.bucket) INTO v_ids, v_buckets FROM (
        SELECT m.bucket, m.matter_id FROM misuse_matter m
        JOIN misuse_step s ON s.bucket = m.bucket AND s.matter_id = m.matter_id AND s.step_no = 1
        WHERE m.wrap IS NOT NULL AND s.at < kept_since('dossier') AND dossier_over(m.matter_id)
        LIMIT p_most) d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM set_config('chengxin.erasing', 'dossier', true);
    UPDATE misuse_matter m
    SET wrap = NULL, reporter = ''
    WHERE m.bucket = ANY (v_buckets) AND m.matter_id = ANY (v_ids);
    UPDATE misuse_step s
    SET said = '', officer = CASE WHEN s.officer IS NOT NULL THEN ''::bytea END,
        officer_tag = CASE WHEN s.officer IS NOT NULL THEN substr(sha256(uuid_send(s.matter_id)), 1, 16) END
    WHERE s.bucket = ANY (v_buckets) AND s.matter_id = ANY (v_ids);
    PERFORM set_config('chengxin.erasing', '', true);
    PERFORM journal_erasure(p_fingerprint, 'Eraser.EraseMatters', p_salt, p_sealed,
                            (SELECT array_agg(i || ':0:erased') FROM unnest(v_ids) i));
    RETURN cardinality(v_ids);
END $$;

REVOKE ALL ON FUNCTION erase_dossiers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_dossiers TO audit_eraser;
