"""What the operator reads about a mail that was not, or not wholly, relayed.

`notice` makes a notice of refusals, `summary` one of many notices, `address_use` the
weekly one about previous addresses and closed labels. `quoting` makes the words of a
stranger's mail harmless in them, and `moment` writes points in time in the one way that `relayctl`
takes too.
"""
