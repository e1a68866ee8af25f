"""Bytes to entities and back: the message format (RFC 5322, RFC 2045 to 2049).

`parsing.parse_message` walks a message once, within `size_limits`, to a tree of entities.
`delimiters` finds the lines between them (`line_ends`: how lines end here), `header_claims` says
what a header promises, `open_entity` finishes an `entity` where it ends. An entity is a span of
the message's bytes: nothing is copied or decoded before somebody asks the `message`, which also
lists its `defects`.

`header_scanning` finds the end of a header and its fields, with `header_lines` and `known_fields`;
`header` is what it finds. `parameters` reads fields with parameters, split by
`parameter_splitting`, and `parameter_writing` writes them; `media_type` says what a Content-Type
means, and `declared_type` which one counts. `encoded_words` are text in fields.

`transfer_encoding` names the ways in which content travels, `decoding` undoes them and `encoding`
chooses one, on `base64_content` (which reads bad base64 too; `base64_accelerator` is the fastest
decoder at hand), `quoted_printable` and `uuencode`, which also finds files in texts from before
MIME. `chunks` keeps the pieces small.

Devices write messages that break every rule. The other modules each know one way of that:
`header_gap` (empty lines in a header), `header_text` and `raw_fields` (bytes without a charset),
`undeclared` (boundaries that no header names), `mislabelled` (a text that is not in the encoding
that it names), `encoded_multipart` (a body encoded as a whole), `base64_footer` (words in clear
behind base64), `content_kind` (a type that says nothing).
Each is total: whatever the bytes, there is an answer.

This package knows nothing of relaying, and could be a package of its own.
"""
