"""What the house is measured against: each a process of its own, built as those would who prefer it."""
