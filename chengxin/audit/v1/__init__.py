"""Version 1 of the contract of the audit office; generated from proto/."""
