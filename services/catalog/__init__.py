"""The catalog office: what may be shared, records, answers, the change feed."""
