"""The mail that goes out, made of the one that came in.

`rewrite` replaces spans of the incoming message (`splices`): codes are cut, attachments give way
to a list of links, and all other bytes stay as they are. `unchanged` says which parts can go out
so; `text_writing` encodes a text that changed, `part_header` writes its fields, `boundaries` are
those of the multiparts, `removed_parts` cuts parts out and writes the lines between those that
stay, and `signatures` are removed where what they sign has changed.

`link_list` is the list as text, with `line_breaks` within 78 columns, and `link_list_html` as
HTML. `appendix` puts it into the texts, in the name that the `letterhead` has. `inline_previews`
adds small pictures.

`header` composes a new header: `passed_fields` says which of a device's fields go on,
`message_ids` keeps conversations together, `sent_time` marks a mail that is late, and
`relay_marks` is what ends loops.

Pure functions: what is stored, and under which link, is given to them.
"""
