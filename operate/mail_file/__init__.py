"""A raw message in a file, without a stack: what the relay would do with it.

The commands `relayctl inspect` and `relayctl rewrite` use it. `policy_options` makes the policy
from the options, `inspection` the decision, `presentation` prints it for a person. `preview`
writes the message that one recipient would get, and `extraction` saves attachments in a folder.
"""
