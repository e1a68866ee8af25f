"""The relay's domain: from raw bytes to what was done about them.

Standard library only, with pybase64 where it is installed; no I/O, no clock, no environment.

`plan` decides what depends on a mail, the settings and the directory, as data: `mime` reads it,
`recipient_code` finds whom it is for, `policy` says who is served, `attachments` which files it
has. Two decisions come later: `throttling` decides whether a mail is held, and `delivery.storing`
which files it goes out without, because the store refuses them. `relay` carries the plan out
over `ports`, in an order that survives a crash anywhere: `delivery` loses nothing and does nothing
twice, `outgoing` writes the mails and `composing` those of one plan, in the words of `wording`,
`links` has the tokens and pages of the files, `notices` is what the operator reads, and `posting`
writes notices and alarms for chats and machines. `limits` counts what happens in a window of time;
`throttling` holds mail back by these counts.

Below all these: `record` (what is kept of a message), `keys` (under which names), `settings` (what
an operator may set), `resources` (what a function is deployed with), `environment` (both as
environment variables), `addresses`, `html`, `text`, `abnf` (productions of the RFCs) and `errors`.
The packages are layers, and no import goes up; `pyproject.toml` has their order.
"""
