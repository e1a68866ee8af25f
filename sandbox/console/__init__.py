"""The sandbox's website: the download pages, and a console.

Both have the same address, the one in the links of mails. The first path segment decides: a token
goes to the deployed download function (`forwarding`), everything else to the console (`routes`).

The console shows content of mails from unknown senders. Therefore templates escape everything, and
a page runs one script only, which is our own file. A mail's HTML is shown in a frame that can
neither run scripts nor load anything (`mail_frame`). A page is a GET and changes nothing. The few
actions of the console are forms (`acts`).
"""

from .content import ConsoleContent
from .server import ConsoleServer

__all__ = ["ConsoleContent", "ConsoleServer"]
