"""Nothing is lost, and nothing happens twice: the steps of a delivery over the ports.

A worker can die after any call, and a queue can deliver a message again at any time. So each step
first writes down what it is about to do. `ledger` is the manifest in the hands of the worker that
changes it. `storing` stores the files (`measured` as they pass), `submitting` hands the mails to
SES in groups and records each answer. `deaths` counts workers that died over a mail and refuses it
before the third. `linking` makes each recipient's mail, with its link. `ending` ends a mail that
does not go out, `unfinished` a try that ran out of time; `left_out` tells what a mail goes out
without, and `reporting` sums a try up for the log. `reconsidering` serves, at an operator's wish,
those who were left out, and `scan_results` tells of malware that was found after the delivery.
"""
