"""The repair office: who determined a finding repairs it (谁认定、谁修复), on time and free of charge."""
