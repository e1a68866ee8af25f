"""The output of `relayctl`: answers to standard output, everything else to standard error.

`terminal` prints it. `message_list` shows messages as a list, `message` one of them: for a person
as tables, for a script as JSON. `device_sheet` is the sheet for the person who configures a
device. `redelivery` and `links` describe a change before it is made.
"""
