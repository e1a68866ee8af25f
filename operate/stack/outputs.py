"""Finding the stack: the outputs of its program, and how to reach its AWS account.

There are three sources; the first that is given is used: a sandbox's ready file, which has an
endpoint and credentials too; the JSON of `pulumi stack output --json`; or Pulumi itself. For the
latter two, boto3's usual chain finds credentials. No output is the region: it is read from the
queue's URL or from an ARN.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

READY_FILE_VARIABLE = "RELAYCTL_READY_FILE"
OUTPUTS_VARIABLE = "RELAYCTL_OUTPUTS"

_PROJECT_FOLDER = Path(__file__).resolve().parent.parent.parent
_STANDARD_INPUT = "-"
_PULUMI_SECONDS = 120
# sqs.eu-central-1.amazonaws.com, and the older eu-central-1.queue.amazonaws.com
_QUEUE_HOST = re.compile(
    r"(?:sqs(?:-fips)?\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])\.(?:queue\.)?amazonaws\.com"
)


class StackUnknown(Exception):
    """The stack was not found; the message names the options to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An emulator of AWS: its URL, and credentials that it accepts."""

    url: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A sandbox's SMTP server for devices. The CA in `ca_file` signs its certificate."""

    host: str
    port: int
    username: str
    password: str
    ca_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A deployed stack: two buckets, the URLs of two queues, a log group, and its outputs.

    `region` is None where no output has it. `endpoint` is None for AWS. `download_url` is the URL
    that tokens are appended to, `link_keys_parameter` the name of the parameter with their keys;
    both are None where the stack has no download page. `outputs` are all outputs of the stack.
    `submission` is None for AWS, where an output has it.
    """

    incoming_bucket: str
    attachments_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    log_group: str
    region: str | None
    endpoint: Endpoint | None = None
    download_url: str | None = None
    link_keys_parameter: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    submission: Submission | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSelector:
    """The options that identify the stack; None for those that were not given."""

    ready_file: str | None = None
    outputs: str | None = None
    stack_name: str | None = None

    def find(self, environment: Mapping[str, str]) -> Stack:
        """The stack. Options take precedence over the environment.

        Raises:
            StackUnknown: if it is not found, or two things are given that contradict.
        """
        given = {
            "--ready-file": self.ready_file,
            "--outputs": self.outputs,
            "--stack": self.stack_name,
        }
        names = [name for name, value in given.items() if value is not None]
        if len(names) > 1:
            raise StackUnknown(f"{' and '.join(names)} each name a stack: give only one of them")
        ready_file, outputs = self.ready_file, self.outputs
        if not names:
            ready_file = environment.get(READY_FILE_VARIABLE) or None
            outputs = None if ready_file else environment.get(OUTPUTS_VARIABLE) or None
        if ready_file is not None:
            return parse_ready_file(_read(ready_file), ready_file)
        if outputs is not None:
            return parse_outputs(_read(outputs), outputs)
        return parse_outputs(_ask_pulumi(self.stack_name), "pulumi stack output --json")


def parse_ready_file(text: str, source: str) -> Stack:
    """The stack of a sandbox, from its ready file.

    Raises:
        StackUnknown: if it is no such file.
    """
    document = _parse_object(text, source)
    try:
        aws = document["aws"]
        return _stack(
            document["stack"],
            source,
            region=aws["region"],
            endpoint=Endpoint(
                url=aws["endpoint"],
                access_key_id=aws["access_key_id"],
                secret_access_key=aws["secret_access_key"],
            ),
            submission=_submission(document),
        )
    except (KeyError, TypeError) as error:
        raise StackUnknown(
            f"{source} is not a ready file of the sandbox: {_missing(error)}; 'python -m sandbox"
            " --ready-file FILE' writes one"
        ) from None


def parse_outputs(text: str, source: str) -> Stack:
    """The stack, from its outputs as JSON.

    Raises:
        StackUnknown: if they are not the outputs of this program.
    """
    document = _parse_object(text, source)
    try:
        return _stack(document, source, region=region_of(document))
    except (KeyError, TypeError) as error:
        raise StackUnknown(
            f"{source} does not have the outputs of a deployed stack: {_missing(error)}; 'pulumi"
            " stack output --json' prints them"
        ) from None


def region_of(outputs: Mapping[str, Any]) -> str | None:
    """The region that the queue's URL names, else a topic's ARN; None if neither does."""
    host = urlsplit(str(outputs.get("queueUrl", ""))).hostname or ""
    if found := _QUEUE_HOST.match(host):
        return found["region"]
    # arn:partition:sns:region:account:name
    parts = str(outputs.get("fallbackTopicArn", "")).split(":")
    return parts[3] or None if len(parts) > 3 and parts[0] == "arn" else None


def _stack(
    outputs: Any,  # noqa: ANN401 - the parsed content of a file
    source: str,
    *,
    region: str | None,
    endpoint: Endpoint | None = None,
    submission: Submission | None = None,
) -> Stack:
    def text(name: str) -> str:
        value = outputs[name]
        if not isinstance(value, str) or not value:
            raise StackUnknown(
                f"{source}: {name} is {value!r}; it must be a text that is not empty"
            )
        return value

    return Stack(
        incoming_bucket=text("incomingBucket"),
        attachments_bucket=text("attachmentsBucket"),
        queue_url=text("queueUrl"),
        dead_letter_queue_url=text("deadLetterQueueUrl"),
        log_group=text("logGroup"),
        region=region,
        endpoint=endpoint,
        download_url=outputs.get("downloadUrl") or None,
        link_keys_parameter=_link_keys_parameter(outputs),
        outputs=outputs,
        submission=submission,
    )


def _submission(document: Mapping[str, Any]) -> Submission | None:
    smtp = document.get("smtp")
    if not smtp:
        return None
    return Submission(**{name: smtp[name] for name in Submission.__slots__})


def smtp_user_parameters(outputs: Mapping[str, Any]) -> dict[str, str]:
    """The parameter with the credentials of each SMTP user by name; none in an older stack."""
    value = outputs.get("smtpUserParameters")
    return {str(name): str(one) for name, one in value.items()} if isinstance(value, dict) else {}


def _link_keys_parameter(outputs: Mapping[str, Any]) -> str | None:
    """The parameter's name, from an output of its own or from that of its sibling.

    The program names both parameters `/<project>/<stack>/…`.
    """
    if named := outputs.get("linkKeysParameter"):
        return str(named)
    folder, slash, _ = str(outputs.get("directoryParameter", "")).rpartition("/")
    return f"{folder}/link-keys" if slash else None


def _missing(error: KeyError | TypeError) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else "it has another form"


def _parse_object(text: str, source: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise StackUnknown(f"{source} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise StackUnknown(f"{source} does not have a JSON object")
    return document


def _read(file: str) -> str:
    try:
        if file == _STANDARD_INPUT:
            return sys.stdin.read()
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StackUnknown(f"{file} cannot be read: {reason}") from None


def _ask_pulumi(stack_name: str | None) -> str:
    program = shutil.which("pulumi")
    if program is None:
        raise StackUnknown(
            "no stack is named: give --ready-file FILE (of a sandbox) or --outputs FILE (of"
            " 'pulumi stack output --json', - is standard input), or put pulumi on PATH"
        )
    command = [program, "stack", "output", "--json", "--non-interactive"]
    command += ["--stack", stack_name] if stack_name is not None else []
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own pulumi, and no shell
            command,
            cwd=_PROJECT_FOLDER,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PULUMI_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StackUnknown(
            f"pulumi did not answer within {_PULUMI_SECONDS} seconds; give --outputs FILE"
        ) from None
    except OSError as error:
        raise StackUnknown(f"{program} cannot be run: {error.strerror}") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"it ended with status {done.returncode}"
        raise StackUnknown(f"'{' '.join(command[1:])}' of pulumi failed: {said}")
    return done.stdout
