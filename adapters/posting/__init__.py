"""Posting to a webhook: one request over TLS, of which no secret gets into an error."""
