"""How much may happen in a window of time: decisions, as values.

A `window` is a length of time with a small record of what happened in it. `flood` counts the mails
of a sender and decides that a mail is held, `budget` the recipients of an hour, `notice_window`
the notices to the operator, and `suppression` knows the addresses that no mail is sent to.
`telling` makes sure that the operator hears of a limit once.

`relay_core.throttling` carries the decisions out.
"""
