"""The recipient directory's parameter, as an operator reads and replaces it.

Systems Manager numbers the versions of a parameter, but knows no write that depends on the version
(API reference, "PutParameter"). So the version is compared before the write, and the number that
the write gets is compared after it. Of several who write at the same moment the last one counts.
Nothing is written back, which could overwrite one more change; the parameter's history has them
all. A write that boto3 repeated, because its answer was lost, has two versions of one document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from adapters.aws.errors import aws_call
from adapters.aws.ssm import ParameterReader
from relay_core.errors import AdapterError, Conflict, PermanentError


class OtherVersionReplaced(PermanentError):
    """The document is live, and replaced one that was written at the same moment."""


class ParameterWriter(ParameterReader, Protocol):
    """The two calls of an SSM client that are needed."""

    def put_parameter(
        self,
        *,
        Name: str,  # noqa: N803 - AWS's name
        Value: str,  # noqa: N803 - AWS's name
        Overwrite: bool,  # noqa: N803 - AWS's name
        Tier: str,  # noqa: N803 - AWS's name
    ) -> Mapping[str, Any]:
        """PutParameter."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """One version of the parameter: its value, and when it was written."""

    text: str
    version: int
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryParameter:
    """The parameter of that name."""

    client: ParameterWriter
    name: str

    def read(self) -> StoredDocument:
        """The live document.

        Raises:
            AdapterError: if it cannot be read.
        """
        return self._read(self.name)

    def _read(self, name: str) -> StoredDocument:
        with aws_call(call="ssm:GetParameter", target=name):
            found = self.client.get_parameter(Name=name)["Parameter"]
        return StoredDocument(
            text=found["Value"], version=found["Version"], written_at=found["LastModifiedDate"]
        )

    def replace(self, before: StoredDocument, text: str) -> int:
        """Replace the document that was read. Returns the new version.

        Raises:
            Conflict: if another one was written in the meantime, which stays live.
            OtherVersionReplaced: if another one was written between the comparison and the write.
            AdapterError: if it is not written.
        """
        if (found := self.read().version) != before.version:
            error = Conflict(call="ssm:PutParameter", target=self.name, detail="another version")
            error.add_note(f"version {found} was written in the meantime")
            raise error
        written = self._write(text)
        replaced = range(before.version + 1, written)
        if written <= before.version or not all(self._is(version, text) for version in replaced):
            raise OtherVersionReplaced(
                call="ssm:PutParameter",
                target=self.name,
                detail=(
                    f"your document is live as version {written}, not {before.version + 1}:"
                    " another operator wrote at the same moment, and your document replaced"
                    " theirs. Compare the versions (aws ssm get-parameter-history --name"
                    f" {self.name}), then put both changes into one document (relayctl directory"
                    " edit)"
                ),
            )
        return written

    def _is(self, version: int, text: str) -> bool:
        """Whether a version is this document; not if it cannot be read."""
        try:
            return self._read(f"{self.name}:{version}").text == text
        except AdapterError:
            return False

    def _write(self, text: str) -> int:
        with aws_call(call="ssm:PutParameter", target=self.name):
            # Beyond 4 KB it has to be an advanced parameter, which it stays.
            answer = self.client.put_parameter(
                Name=self.name, Value=text, Overwrite=True, Tier="Intelligent-Tiering"
            )
        version: int = answer["Version"]
        return version
