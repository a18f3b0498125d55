"""The list office: schemes, cases by due process, listings. Source: 54号 clauses 6 to 10."""
