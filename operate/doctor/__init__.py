"""`relayctl doctor`: checks of a deployed stack from outside.

A check has a name and two functions. `read` queries AWS or the DNS and returns facts: plain
values. `judge` turns facts into verdicts: ok, a warning, a problem; each names the entity and says
what to do. Only `read` needs a network. `judge` is pure, so tests can give it facts that no
emulator produces.

A read that fails gives the verdict `unknown`, and the other checks still run after a missing
permission or an error of one service. So each check reads little.

Checks are grouped by subject, a module each:

    dns_records   the published DNS records of the domains
    link_host     whether the host of the links is in the DNS
    sending       the account, its quotas, its identities
    suppression   addresses that SES sends nothing to
    receiving     the active receipt rule set, and the stack's rule in it
    storage       the buckets: write permission, notifications, encryption
    queues        the two queues, and the mail that is parked or held
    functions     their state, their event source, their concurrency, their last errors
    parameters    the stack's parameters in Parameter Store, and the age of the credentials
    posting       the queues and the function that post to webhooks and the event bus
    topics_and_alarms   the topics' subscriptions, and the alarms

`checks` and `verdicts` have their types, `deployment` the stack's outputs. `resolving` queries the
DNS. `examination` is the list of all checks, `operate.commands.doctor` the command.
"""
