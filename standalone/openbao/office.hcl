# What an office's token may do at OpenBao. OFFICE stands for the office, MOUNT for CHENGXIN_OPENBAO_MOUNT.
# Keys can't be exported, backed up, rotated or made of another kind; what they are used for is wrapping alone.
path "MOUNT/OFFICE/keys" {
  capabilities = ["list"]
}
path "MOUNT/OFFICE/keys/+" {
  capabilities = ["read", "update", "delete"]
  allowed_parameters = {
    "type"                   = ["aes256-gcm96"]
    "exportable"             = [false]
    "allow_plaintext_backup" = [false]
  }
}
path "MOUNT/OFFICE/keys/+/config" {
  capabilities = ["update"]
  allowed_parameters = {
    "deletion_allowed" = [true]
  }
}
# The key of the buckets is never rotated, and never destroyed.
path "MOUNT/OFFICE/keys/bucket/config" {
  capabilities = ["deny"]
}
# "update" without "create": a key that is missing is not made by using it.
path "MOUNT/OFFICE/encrypt/+" {
  capabilities = ["update"]
}
path "MOUNT/OFFICE/decrypt/+" {
  capabilities = ["update"]
}
