-- What everybody may know of the catalog: records shared now, and those whose sharing ended, by reason and month.
CREATE FUNCTION statistics() RETURNS TABLE (month text, name text, value bigint, behind bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = catalog, pg_temp
BEGIN ATOMIC
    SELECT to_char(house_today(), 'YYYY-MM'), 'records_shared', count(*), count(*)
    FROM record r WHERE r.ended_at IS NULL AND r.ends_before > house_now() HAVING count(*) > 0
    UNION ALL
    SELECT to_char(r.ended_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'), 'records_ended_' || r.end_reason, count(*), count(*)
    FROM record r WHERE r.ended_at >= date_trunc('month', house_today() - interval '23 months') GROUP BY 1, 2;
END;
REVOKE ALL ON FUNCTION statistics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION statistics TO catalog_answer;
