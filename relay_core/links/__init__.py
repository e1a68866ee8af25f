"""Download links: the token in one, how long it is good, and what it shows.

`tokens` makes and checks the token of one recipient of one message. `lifetime` says until when the
links of a message are good, and `download` what a link shows at the moment of a click: decided
from the manifest, at each click. `preview` says which files a page may show as an image,
`looking` which it shows without a download, with the `excerpt` of a text. `renewal` decides
whether a recipient gets a new link. `reference` is the number by which a person names a mail.
"""
