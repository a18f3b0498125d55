"""Version 1 of the contract of the repair office; generated from proto/."""
