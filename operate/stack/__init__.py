"""The stack that a command works on.

`outputs` says where it is, by what the program put out. `submission` says where its devices submit
mail. `desk` holds its stores and queues, over boto3, and `parallel` does one thing to many at the
same time.
"""
