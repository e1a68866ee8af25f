"""Nothing is lost, and nothing happens twice: the steps of a delivery over the ports.

A worker can stop after any call, and a queue can deliver a message again at any time. So each step
first writes down what it is about to do. `ledger` updates the manifest for the worker that holds
the lease. `storing` stores the files (`measured` counts their bytes on the way), `submitting`
hands the mails to SES in groups and records each answer. `deaths` counts workers that stopped
while they processed the mail: after the second one the mail is refused. `linked_mails` makes each
recipient's mail, with the link from the port `pages`, whose token `relay_core.links.tokens` makes.
`ending` publishes the notice of a mail that does not go out, and records its end;
`unfinished_storing` records a try that ran out of time. `left_out_notice` reports what a mail goes
out without, `outcomes` sums a try up for the log. `requested_recipients` serves, at an operator's
request, recipients who were left out, and `scan_results` reports malware that was found after the
delivery. `retry_delay` says how long a failed message waits. `previewing` makes the small pictures
of a mail. `renewing` gives a recipient a new link, in the mail that `renewal_mail` writes.
"""
