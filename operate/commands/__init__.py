"""What is typed: a module for each group of commands, and what their options mean.

A command reads its options, asks and changes through `operate.messages` and `operate.stack`, and
says so through `operate.presentation`.
"""
