"""The core's ports over AWS, one service a module.

`s3` keeps raw messages, files, manifests and windows; `downloads` and `download_links` what the
download page needs of S3. `ses` submits mail, `sns` publishes notices, `sqs` reads the queue's
records, `ssm` the recipient directory, `event_bus` puts events. `sending_events` reads what SES
tells of bounces. `clients` makes the boto3 clients, with their timeouts and retries. `errors` maps
whatever AWS answers to `TransientError` or `PermanentError`: nothing else leaves this package.
"""
