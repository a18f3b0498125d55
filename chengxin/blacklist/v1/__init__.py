"""Version 1 of the contract of the list office; generated from proto/."""
