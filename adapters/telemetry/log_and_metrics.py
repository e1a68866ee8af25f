"""Where the functions' log lines and metrics go, by their environment.

`environment` may hold Powertools' `POWERTOOLS_SERVICE_NAME`, `POWERTOOLS_METRICS_NAMESPACE` and
`LOG_LEVEL`. Lines go to `stream`, which is read at the first use of a service name and kept from
there on (Powertools keeps one logger a name); metrics go to standard output, where Lambda picks
them up.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TextIO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

DEFAULT_SERVICE = "mail-relay"
DEFAULT_NAMESPACE = "MailRelay"
DEFAULT_LEVEL = "INFO"


def service_name(environment: Mapping[str, str]) -> str:
    """What tells this stack's lines and metrics from another's."""
    return environment.get("POWERTOOLS_SERVICE_NAME") or DEFAULT_SERVICE


def metrics_namespace(environment: Mapping[str, str]) -> str:
    """CloudWatch's namespace of the metrics."""
    return environment.get("POWERTOOLS_METRICS_NAMESPACE") or DEFAULT_NAMESPACE


def make_logger(environment: Mapping[str, str], stream: TextIO | None) -> Logger:
    """A logger of JSON lines; an unknown level is a warning, and INFO is used."""
    level = environment.get("LOG_LEVEL") or DEFAULT_LEVEL
    known = level in logging.getLevelNamesMapping()
    logger = Logger(
        service=service_name(environment),
        level=level if known else DEFAULT_LEVEL,
        stream=stream or sys.stdout,
        utc=True,
        use_rfc3339=True,
    )
    if not known:
        # No reason to stop delivering mail, but nothing is silent.
        logger.warning("LOG_LEVEL is unknown, INFO is used", found=level)
    return logger


def make_metrics(environment: Mapping[str, str]) -> EphemeralMetrics:
    """Metrics in CloudWatch's embedded metric format, with the one dimension `service`."""
    return EphemeralMetrics(
        namespace=metrics_namespace(environment), service=service_name(environment)
    )
