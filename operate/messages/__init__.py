"""The messages of a stack: finding them, their states, and changes to them.

`selection` and `finding` give the messages that a command is about; `unannounced` finds those that
are stored without a manifest or a queue message. `message_status` is the state of a message in one
word, `dead_letters` the reason for which one failed. `redelivery`, `revocation` and `extension`
plan a change of a manifest; `intervention` records the operator who made it, `announcing`
announces the mail after it. `page_links` has the parameters of links to the download page.
"""
