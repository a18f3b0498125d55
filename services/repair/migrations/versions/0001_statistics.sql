-- What everybody may know of the office's work: counts by month of the step, and how long decisions took. A figure stands
-- on `behind` cases; the office withholds those of fewer than five. Source: 54号 clause 12.
CREATE FUNCTION statistics() RETURNS TABLE (month text, name text, value bigint, behind bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = repair, pg_temp
BEGIN ATOMIC
    WITH done AS (
        SELECT to_char(s.day, 'YYYY-MM') AS month, s.state, s.day - first.day AS days, s.day > before.due_on AS late
        FROM application_step s
        JOIN application_step first ON first.bucket = s.bucket AND first.application_id = s.application_id
                                   AND first.state = 'submitted'
        LEFT JOIN application_step before ON before.bucket = s.bucket AND before.application_id = s.application_id
                                         AND before.step_no = s.step_no - 1
        WHERE s.day >= date_trunc('month', house_today() - interval '23 months')::date
    )
    SELECT d.month, 'applications_' || d.state, count(*), count(*)
    FROM done d WHERE d.state IN ('submitted', 'not_accepted', 'granted', 'refused', 'withdrawn') GROUP BY d.month, d.state
    UNION ALL
    SELECT d.month, 'decision_median_days', percentile_disc(0.5) WITHIN GROUP (ORDER BY d.days), count(*)
    FROM done d WHERE d.state IN ('granted', 'refused') GROUP BY d.month
    UNION ALL
    SELECT d.month, 'decisions_late', count(*) FILTER (WHERE d.late), count(*) FILTER (WHERE d.late)
    FROM done d WHERE d.state IN ('granted', 'refused') GROUP BY d.month;
END;
REVOKE ALL ON FUNCTION statistics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION statistics TO repair_app;
