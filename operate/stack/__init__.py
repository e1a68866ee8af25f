"""The stack that a command works on.

`outputs` finds the stack by the outputs of its program. `submission` gives the server where its
devices submit mail. `access` has its stores and queues, over boto3. `parallel` runs one function
for many items concurrently.
"""
