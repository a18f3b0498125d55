"""The story: one real path through the whole house, played on a sample house in a few minutes."""
