"""What the audit office keeps (the log) and what it reads elsewhere (the offices' journals)."""
