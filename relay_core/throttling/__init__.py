"""Decides by the counts of `relay_core.limits` whether mail and notices are held, over the ports.

`window_change` changes a window's record that many workers change at the same time. `sender_hold`
holds the mail of a sender that floods, `budget_hold` what is over the hour's budget of recipients.
`suppressing` wraps the mail service, and sends nothing to suppressed addresses;
`notice_counting` wraps the channel to the operator, and sums notices up. `address_watching`
records who uses a previous address or a closed label, and reports it once a week.
"""
