"""Generated messages and stubs of the audit office."""
