-- Whether an application about a record is in one of some states.
SELECT EXISTS (SELECT FROM standing WHERE bucket = :bucket AND record_id = :record AND state = ANY(:states)) AS found
