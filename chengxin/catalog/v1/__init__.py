"""Version 1 of the contract of the catalog office; generated from proto/."""
