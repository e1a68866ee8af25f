"""Every figure of docs/performance.md: `python -m benchmarks [--json]`.

Figures are ratios measured in one run, so that they are valid on any machine. The relay's core is
measured with pybase64 and with the standard library alone. It is compared with the standard
library's `email` for the same job, and with base64 decoding alone.

Times are medians. The variants run alternately (`alternating`), so that load on the machine
affects all of them, and each round has a different message (`mails`, `devices`), so that no cache
helps.

`figures` measures all, `tables` prints it. By subject:

* the core: `paths` are the variants of the same job, `memory` measures its peak, and `costly` its
  time on mails made to be costly;
* the functions: `function` and `page` compose them over a `aws_stub` for AWS, `counting` and
  `calls` record what they ask of it, `throughput` and `shapes` time them;
* cold starts: `cold_start` compares `start_relay` and `start_page` with `start_boto3`;
* the built archive in an emulated Lambda: `emulated` with `emulated_child`, at the `quota` of a
  processor; `lambda_times` prints its times;
* a stack: `cost` by the list `prices`, and `scaling`, the `load` of a rate of mails against AWS's
  `quotas`.
"""
