-- Ends items that `law/` no longer has: the day after today at the earliest.
UPDATE item SET in_force_until = greatest(house_today(), in_force_from + 1)
 WHERE code <> ALL (%(codes)s) AND in_force_until IS NULL
