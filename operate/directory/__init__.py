"""The recipient directory as an operator edits it: its errors, and their lines.

`lines` finds the lines of a document's entries, `document` checks it, `editor` opens it in the
operator's editor.
"""
