"""Generated messages and stubs of the list office."""
