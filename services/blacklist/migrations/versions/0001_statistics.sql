-- What everybody may know of the office's work: cases by month of the step. Source: 54号 clause 8.
CREATE FUNCTION statistics() RETURNS TABLE (month text, name text, value bigint, behind bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = blacklist, pg_temp
BEGIN ATOMIC
    SELECT to_char(s.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'),
           'cases_' || CASE s.state WHEN 'investigating' THEN 'opened' ELSE s.state END,
           count(DISTINCT s.case_id), count(DISTINCT s.case_id)
    FROM case_step s
    WHERE s.state IN ('investigating', 'decided', 'dropped', 'closed')
      AND s.at >= date_trunc('month', house_today() - interval '23 months')
    GROUP BY 1, 2;
END;
REVOKE ALL ON FUNCTION statistics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION statistics TO blacklist_app;
