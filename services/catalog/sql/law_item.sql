-- Brings a version of an item in step with `law/`, or adds it.
INSERT INTO item (code, in_force_from, in_force_until, title, shared, public, public_persons, negative, unrepairable,
                  retention_months, content_digest)
VALUES (%(code)s, %(in_force_from)s, %(in_force_until)s, %(title)s, %(shared)s, %(public)s, %(public_persons)s,
        %(negative)s, %(unrepairable)s, %(retention_months)s, %(content_digest)s)
ON CONFLICT (code, in_force_from) DO UPDATE SET
    in_force_until = EXCLUDED.in_force_until, title = EXCLUDED.title, shared = EXCLUDED.shared,
    public = EXCLUDED.public, public_persons = EXCLUDED.public_persons, negative = EXCLUDED.negative,
    unrepairable = EXCLUDED.unrepairable, retention_months = EXCLUDED.retention_months,
    content_digest = EXCLUDED.content_digest
