-- The head moves to the new one, if it is still the old one and the lease is not another sequencer's.
UPDATE log_state SET size = :new_size, root = :new_root, positions = :positions
 WHERE size = :old_size AND root = :old_root AND token = :token
