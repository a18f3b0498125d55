# The house's own OpenBao. PORT, CLUSTER_PORT, IDENTITY and AUDIT are filled in at each start.
storage "raft" {
  path                   = "raft"
  node_id                = "house"
  performance_multiplier = 1
}
listener "tcp" {
  address         = "127.0.0.1:PORT"
  cluster_address = "127.0.0.1:CLUSTER_PORT"
  tls_cert_file   = "IDENTITY/cert.pem"
  tls_key_file    = "IDENTITY/key.pem"
  tls_min_version = "tls13"
}
audit "file" "house" {
  options {
    file_path = "AUDIT"
  }
}
api_addr     = "https://127.0.0.1:PORT"
cluster_addr = "https://127.0.0.1:CLUSTER_PORT"
ui           = false
log_level    = "warn"
