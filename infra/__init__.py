"""The deployment as Pulumi components, one a file; `relay.MailRelay` composes them."""
