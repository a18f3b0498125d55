"""The departments' client: asks, hands in, follows changes, keeps receipts. Use `chengxin.Client`."""
