"""What an operator sees of the functions: JSON log lines and counted metrics.

`relay` is the record of the relay function, `download` that of the download page;
`log_and_metrics` says where both go.
"""
