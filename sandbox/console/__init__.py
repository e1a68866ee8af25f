"""The sandbox's face to a person: download pages, and a console beside them.

Both are served at one address, the one that links in mails lead to. What a request asks for is
told by its first path segment: a token is handed to the deployed download function
(`forwarding`), all else is the console's (`routes`).

Whatever the console shows comes from strangers' mails. So templates escape everything, a page
runs one script, which is a file of ours, and a mail's HTML is shown in a frame that can neither
run nor load anything (`mail_frame`). A page is a GET and changes nothing; the few things that the
console does are forms (`acts`).
"""

from .content import ConsoleContent
from .server import ConsoleServer

__all__ = ["ConsoleContent", "ConsoleServer"]
