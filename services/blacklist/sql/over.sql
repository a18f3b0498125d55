-- Cases whose listing's period is over by a day, and which nobody has closed; the oldest first.
SELECT r.case_id
  FROM listing_record r
 WHERE r.ends_before < house_today()
   AND NOT EXISTS (SELECT FROM case_step s
                    WHERE s.bucket = bucket_in(r.case_id) AND s.case_id = r.case_id AND s.step = 'close_listing')
 ORDER BY r.ends_before
 LIMIT :most
