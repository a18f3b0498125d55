"""Generated messages and stubs of the repair office."""
