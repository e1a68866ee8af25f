"""Posting to a webhook: `https_post` makes one request, whose errors hold no secret."""
