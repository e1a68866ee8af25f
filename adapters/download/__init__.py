"""The download page as a browser sees it: `page` makes the HTML, `http` speaks the function URL's.

Both are pure. `adapters.download_function` puts them together.
"""
