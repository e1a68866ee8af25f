"""The alarms, the dashboard, and the topics that notify operators.

`metrics` are the metrics that functions and AWS services count. An `alarm` is a threshold on one,
with its text; `alarms` are all of them, `alarm_resources` declares them. `dashboard_columns` are
the graphs of the dashboard by the stages of a mail, `dashboard` writes them for CloudWatch, and
`topics` notify the operator by e-mail.
"""
