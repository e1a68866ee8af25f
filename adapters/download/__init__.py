"""The download page: `answering` makes the answer to a request, over AWS.

`open_link` finds out what a token shows; `renewing` sends a new link. All else is pure. `page`
lists a link's files, `view_page` shows one of them, and `status_pages` are the pages without
files. Each is a `document` in the `frame` of its visitor, with the `style`; `kinds` says what a
file is. `http` reads and writes what a function URL does. `adapters.download_function` puts them
together.
"""
