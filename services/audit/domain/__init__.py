"""Rules of the audit office, without I/O or clock."""
