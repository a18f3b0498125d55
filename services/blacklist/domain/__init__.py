"""The list office's rules, without I/O and without a clock."""
