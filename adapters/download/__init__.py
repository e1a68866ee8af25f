"""The download page: `answering` leads from a request to an answer, over AWS.

All else is pure. `page` lists a link's files and `notices` says why there are none, both in the
frame of `document` with the `style`; `http` speaks the function URL's language.
`adapters.download_function` puts them together.
"""
