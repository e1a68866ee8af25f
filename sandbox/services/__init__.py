"""Background work of AWS that the emulator lacks.

`metrics` and `log_metrics` supply the data of CloudWatch's alarms. `function_log` follows the
functions' logs. `function_urls` finds the URL of the download function. `scanner` is GuardDuty's
malware scan. `notices` subscribes to the operator's topics.
"""
