-- Brings a basis for opening the archive in step with `law/`, or adds it.
INSERT INTO archive_basis
VALUES (%(code)s, %(title)s, %(longest_delay_days)s, %(approval_days)s, %(open_hours)s, true)
ON CONFLICT (code) DO UPDATE SET
    title = EXCLUDED.title, longest_delay_days = EXCLUDED.longest_delay_days,
    approval_days = EXCLUDED.approval_days, open_hours = EXCLUDED.open_hours, in_force = true
