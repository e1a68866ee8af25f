"""The files of a mail: which parts are files, their names, and which texts become one.

`leaves` distinguishes bodies from attachments. `attachment` decides for each entity whether it is
detached or stays in the mail, as `shown_pictures` do, and under which `safe_name` it is stored;
`naming` and `extensions` make a name where there is none. `bodies` reads the texts of a mail one
after the other, for recipient codes and for files within them, on one budget. `long_text` makes a
file of a text that is too long to send, under a name of `full_text`. `subject` reads the recipient
codes of the Subject, and what is left of it. `archive` makes one ZIP of the files beyond the
configured number. `damage` says which files did not arrive whole, and `file_key` under which key a
file is stored.
"""
