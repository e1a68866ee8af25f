"""The recipient directory's parameter, as an operator reads and replaces it.

Systems Manager numbers the versions of a parameter, but knows no write that depends on the version
(API reference, "PutParameter"). So the version is compared before the write, and the number that
the write gets is compared after it: of several who write at the same moment the first one counts,
and each other one writes the first one's document back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from adapters.aws.errors import aws_call
from adapters.aws.ssm import ParameterReader
from relay_core.errors import Conflict


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

    def read(self, version: int | None = None) -> StoredDocument:
        """The live document, or an earlier version of it.

        Raises:
            AdapterError: if AWS does not tell.
        """
        name = self.name if version is None else f"{self.name}:{version}"
        with aws_call(call="ssm:GetParameter", target=name):
            found = self.client.get_parameter(Name=name)["Parameter"]
        return StoredDocument(
            text=found["Value"], version=found["Version"], written_at=found["LastModifiedDate"]
        )

    def replace(self, before: StoredDocument, text: str) -> int:
        """Replace the document that was read. Returns the new version.

        Raises:
            Conflict: if another one was written since, which counts.
            AdapterError: if it is not written.
        """
        if (found := self.read().version) != before.version:
            raise self._conflict(f"version {found} was written since")
        written = self._write(text)
        if written == before.version + 1:
            return written
        self._write(self.read(before.version + 1).text)
        raise self._conflict(
            f"version {before.version + 1} was written at the same moment, and is live again;"
            f" your document is version {written}"
        )

    def _write(self, text: str) -> int:
        with aws_call(call="ssm:PutParameter", target=self.name):
            # Beyond 4 KB it has to be an advanced parameter, which it stays.
            answer = self.client.put_parameter(
                Name=self.name, Value=text, Overwrite=True, Tier="Intelligent-Tiering"
            )
        version: int = answer["Version"]
        return version

    def _conflict(self, detail: str) -> Conflict:
        error = Conflict(call="ssm:PutParameter", target=self.name, detail=detail)
        error.add_note(detail)
        return error
