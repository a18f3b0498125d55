-- Brings a purpose in step with `law/`, or adds it.
INSERT INTO purpose (code, title, yes_no)
VALUES (%(code)s, %(title)s, %(yes_no)s)
ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, yes_no = EXCLUDED.yes_no
