"""Generated messages and stubs of the catalog office."""
