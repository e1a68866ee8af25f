"""The account before a deployment, and what the deployment creates there.

`lookup` reads from AWS before anything is declared. `account_plan` decides, as a pure function:
what is created, what is left unchanged, what stops the deployment. `records` decides on the DNS
records, `download_domain` on those of the domain of links. `shared_resources` is the record of
what a stack has created in places that others use too, and `removals` warns which resources a
changed configuration key deletes.
"""
