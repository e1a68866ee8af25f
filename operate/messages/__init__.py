"""The messages of a stack: which are meant, what became of them, and what changes.

`selection` and `finding` say which messages a command is about; `unannounced` finds those that are
stored without a manifest or a queue message. `standing` is one word for what became of a message,
`dead_letters` why one failed. `redelivery`, `revocation` and `extension` plan a change of a
manifest; `intervention` writes down who made it, `announcing` announces the mail after it.
`page_links` finds what links to the download page need.
"""
