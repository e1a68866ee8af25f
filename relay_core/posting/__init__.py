"""Notices and alarms for where teams are: chats, machines and an event bus, besides e-mail.

SNS hands each notice and each alarm to a queue a receiver; a function posts what comes there.

* `announcement`: what came, a notice or an alarm, as one value.
* `receivers`: who gets it, and how that travels from the deployment to the function.
* `slack`, `teams`: the value as the JSON that each chat takes.
* `document`: the value as JSON for machines, which the event bus gets as well.
* `signature`: how a machine knows that a request comes from this stack.

Some words in a notice were written by strangers, and a chat makes links and mentions of words. So
texts go into parts that the chat takes literally, or are escaped by its rules.
"""
