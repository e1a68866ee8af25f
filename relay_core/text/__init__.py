"""Characters: which ones some bytes are, and where each of them stands.

A text rarely says what charset it is in, and often says it wrongly. `charset_labels` knows what a
label means, `charsets` decodes and encodes, with `japanese` and `chinese` beyond Python's codecs,
and `reading` decides which charset a text is in, by its label and its bytes. `charset_guess` does
so for a few raw bytes without a label.

`source` is a text that need not be in memory as characters. `spans` cuts some of a text out and
leads from places in what is left to places in the whole. `possessive` makes the parts of regular
expressions that never go back, on every Python that the relay runs on.

Nothing here knows of mail.
"""
