"""Version 1 of the contract of all offices; generated from proto/."""
