"""How much has happened in a window of time: counts, as values. `throttling` decides by them.

A `window` is a length of time with a small record of what happened in it. `sender_limit` counts
the mails of a sender, `budget` the recipients of an hour, `notice_window` the notices to the
operator, and `suppression` has the addresses that no mail is sent to. `address_use` has who used a
previous address or a closed label, week by week. `notice_claim` makes sure that the operator gets
one notice of a limit.

`relay_core.throttling` holds mail back by these counts: `sender_hold` by a sender's, `budget_hold`
by the budget.
"""
