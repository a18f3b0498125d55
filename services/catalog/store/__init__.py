"""The catalog's doors and tables, one function per question asked."""
