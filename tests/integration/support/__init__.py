"""What the integration tests share: a gateway to start, a client that sends exact bytes, a stub pool."""
