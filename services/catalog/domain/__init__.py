"""What may be recorded and shared: the rules, without I/O and without a clock."""
