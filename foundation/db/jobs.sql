-- Beside procrastinate's own tables: when a job ends, the next one of its lock is taken up at once, not at the next poll.
CREATE FUNCTION wake_next_of_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted", "job_id": ' || OLD.id || '}');
    RETURN NULL;
END $$;
CREATE TRIGGER wake_next_of_lock AFTER UPDATE OF status OR DELETE ON procrastinate_jobs
    FOR EACH ROW WHEN (OLD.lock IS NOT NULL AND OLD.status = 'doing') EXECUTE FUNCTION wake_next_of_lock();
