"""Generated messages and stubs of all offices."""
