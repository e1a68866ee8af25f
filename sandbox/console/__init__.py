"""The sandbox's website: the download pages, and a console.

Both have the same address, the one in the links of mails. The first path segment decides: a token
goes to the deployed download function (`forwarding`), everything else to the console (`routes`).

The console shows content of mails from unknown senders. Therefore templates escape everything, and
a page runs one script only, which is our own file. A mail's HTML is shown in a frame that can
neither run scripts nor load anything (`mail_frame`). A page is a GET and changes nothing. The few
actions of the console are forms (`actions`, with the `sample_mail` that it sends).

`start` starts the `server`, whose handler is `site`; `domains` are those of the download page, and
`off_loop` runs what blocks. `content` collects what is shown: the `incoming` mails and the
`mail_progress` of each, the delivered ones (`mail`, `readable`), the `queues`, the `alarms`, and
the `journal` of events. `incoming_pages`, `mail_pages` and `status_pages` show it, by `page` and
`rendering`.
"""

from .content import ConsoleContent
from .server import ConsoleServer

__all__ = ["ConsoleContent", "ConsoleServer"]
