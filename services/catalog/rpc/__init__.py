"""gRPC servicers of the catalog: message <-> domain. No rule stands here."""
