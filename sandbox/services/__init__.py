"""What AWS does by itself and the emulator does not.

`metrics` and `log_metrics` keep CloudWatch's alarms alive, `function_log` follows the functions'
logs, `function_urls` knows the download page's, `scanner` is GuardDuty's malware scan, and
`notices` a subscriber of the operator's topics.
"""
