-- What an auditor may see of withdrawals: who received the record and has not yet said that its copy is deleted. Nothing
-- of a party. The last day is counted in working days, which this office does not know: the auditor's office adds them.
CREATE VIEW awaited_step AS
    SELECT d.record_id::text AS matter, d.authority, 'acknowledge_withdrawal' AS step,
           (r.ended_at AT TIME ZONE 'Asia/Shanghai')::date AS since, NULL::date AS due_on
    FROM record r JOIN disclosure d USING (bucket, record_id)
    WHERE r.ended_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM acknowledgement a
        WHERE a.bucket = d.bucket AND a.record_id = d.record_id AND a.authority = d.authority);
GRANT SELECT ON awaited_step TO audit_reader;
