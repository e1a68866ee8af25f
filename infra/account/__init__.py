"""What is in the account before a deployment, and what the deployment makes there.

`lookup` asks AWS before anything is declared. `account_plan` decides on the answers, as a pure
function: what is made, what is left alone, what stops the deployment; `records` decides on the DNS
records. `holdings` is the record of what a stack has made in places that others use too, and
`removals` warns which resources a changed configuration key deletes.
"""
