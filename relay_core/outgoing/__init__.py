"""The mail that goes out, made of the one that came in.

`rewrite` replaces spans of the incoming message: codes are cut, attachments give way to a list of
links, and all other bytes stay as they are. `link_list` is that list, as text and as HTML.
`header` composes the header anew: `passed_fields` says which of a device's fields go on,
`message_ids` keeps conversations together, `sent_time` tells of a mail that is late, and
`relay_marks` is what ends loops.

Pure functions: what is stored, and under which link, is given to them.
"""
