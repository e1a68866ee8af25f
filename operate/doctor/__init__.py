"""`relayctl doctor`: what a deployed stack is like, seen from outside.

A check has a name and two halves. `read` asks AWS, or the DNS, and returns facts: plain values.
`judge` makes verdicts of the facts: well, a warning, a problem; each names the entity, and says
what to do. The first half alone needs a network; the second is pure, and tests give it facts
that no emulator could cause.

A read that fails is a verdict of its own, `unknown`: one missing right, one service that does not
answer, hides nothing else. So each check asks for little.

Checks are grouped by what they look at, a module each:

    dns_records   what the world sees of the domains
    link_host     whether the host of the links is in the DNS
    sending       the account, its quotas, its identities
    suppression   addresses that SES sends nothing to
    receiving     the active receipt rule set, and the stack's rule in it
    storage       the buckets: who may write, who is told, how they are encrypted
    queues        the two queues, and the mail that is parked or held
    functions     their state, their event source, their concurrency, their last errors
    parameters    what Parameter Store has for the stack, and how old the credentials are
    posting       the queues and the function that post to webhooks and the event bus
    topics_and_alarms   the topics' subscriptions, and the alarms

`checks` and `verdicts` are what they are made of, `deployment` the stack's outputs, `resolving`
asks the DNS. `examination` is the list of all of them, `operate.commands.doctor` what is typed.
"""
