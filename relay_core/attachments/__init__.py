"""The files of a mail: which parts are files, their names, and which texts become one.

`attachment` decides for each entity whether it is an attachment or stays in the mail, and under
which safe name it is stored. `bodies` reads the texts of a mail one after the other, for recipient
codes and for files within them, on one budget. `long_text` makes a file of a text that is too long
to send. `archive` makes one ZIP of the files beyond the configured number. `damage` tells which
files did not arrive whole, and `file_key` under which key a file is stored.
"""
