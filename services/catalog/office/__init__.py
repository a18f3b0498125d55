"""The catalog's use cases: one public method, one transaction."""
