"""HTML as a browser reads it, by offsets into its source (WHATWG HTML).

`tokens` is the grammar of tags, comments and scripts. `text` is what a reader sees, with the way
back to the source for each character; `markup` is the fast way over a document of which little
matters. `references` finds what an HTML shows of other parts of its mail, `placement` where a
block is put so that it is seen, by the sets of `elements`, and `meta_charset` the charset that a
document names itself.

No tree is built: what is not touched goes out byte by byte as it came in.
"""
