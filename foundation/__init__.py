"""The ground floor that all offices share; it knows no office."""
