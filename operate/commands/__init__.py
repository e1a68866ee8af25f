"""What is typed: a module for each command, and what their options mean (`*_options`).

A command reads its options, asks and changes through `operate.messages` and `operate.stack`, and
says so through `operate.presentation`.
"""
