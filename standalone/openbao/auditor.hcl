# What the audit office's token may do besides, once for each office whose journal it reads: open the keys of the
# journal, and neither make, wrap, list nor destroy any.
path "MOUNT/OFFICE/decrypt/journal.*" {
  capabilities = ["update"]
}
path "MOUNT/OFFICE/decrypt/index.journal*" {
  capabilities = ["update"]
}
path "MOUNT/OFFICE/decrypt/bucket" {
  capabilities = ["update"]
}
