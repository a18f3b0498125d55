"""The rules of credit repair as plain Python: no I/O, no clock, no randomness."""
