"""Use cases of the audit office: append to the log, prove what is in it, say who looked."""
