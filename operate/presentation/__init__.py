"""How `relayctl` speaks: answers to standard output, all else to standard error.

`terminal` does so. `message_list` shows messages as a list, `message` one of them: for a person as
tables, for a script as JSON. `device_sheet` is the sheet for who configures a device. `redelivery`
and `links` say what a change does before it is made.
"""
