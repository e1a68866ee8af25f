"""The lower limit of a cold start: boto3 and the clients of the given services.

`python -m benchmarks.start_boto3 SERVICE…` prints the seconds of processor time.
"""

import time

_START = time.process_time()

import sys  # noqa: E402 - the clock runs

import boto3  # noqa: E402 - likewise

if __name__ == "__main__":
    session = boto3.Session()
    for service in sys.argv[1:]:
        session.client(service)  # type: ignore[call-overload] # the stubs want literal names
    print(time.process_time() - _START)
