"""The recipient directory as an operator edits it: what is wrong in it, and on which line.

`lines` finds the lines of a document's entries, `document` judges it, `editor` lets the operator
write it.
"""
