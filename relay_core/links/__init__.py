"""Download links: their tokens, how long they are valid, and what they show.

`tokens` makes and checks the token of one recipient of one message. `lifetime` gives the end of a
message's links. `download` decides from the manifest, at each click, what a link shows. `preview`
decides which files a page may show as an image, `viewing` which files it shows without a download;
`excerpt` makes the excerpt of a text. `renewal` decides whether a recipient gets a new link.
`reference` is the reference number of a mail.
"""
