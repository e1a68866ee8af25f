"""What is written down about one message, and what becomes of it at one delivery.

`manifest` is the record that is kept in the store: who is to get the mail, who got it, which files
it has. `manifest_json` is the document that it is kept as. `lease` says which worker has the
message in hand, and until when. `report` is what the log and the metrics get of a delivery.

These are values. Whoever changes a manifest does so by compare-and-swap (`relay_core.delivery`).
"""
