"""The core's ports over AWS, one service a module.

`s3` keeps raw messages, files, manifests and windows, on `json_records`; `downloads` and
`download_links` are what the download page needs of S3, `excerpts` the first bytes of a file, and
`content_disposition` the header of a download. `ses` submits mail, `sns` publishes notices, `sqs`
reads the queue's records (`sqs_record`), `ssm` the recipient directory, `event_bus` puts events.
`sending_events` reads the bounces that SES reports. `clients` makes the clients of the `session`,
with their timeouts and retries, on `connections` that are open beforehand; `concurrent_calls`
makes several calls at the same time. `errors` maps whatever AWS answers to `TransientError` or
`PermanentError`: nothing else leaves this package.
"""
