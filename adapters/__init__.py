"""The ports over AWS, and the Lambda entry: every effect of the relay stands in here."""
