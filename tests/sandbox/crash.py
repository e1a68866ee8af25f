"""Kills workers while they work, and records which deliveries are then in doubt.

A worker is killed when a certain number of mails has arrived in the mailboxes: at an arbitrary
time, but always during the work. The witness polls the manifests. A delivery is in
doubt when it is `submitting` under a lease whose worker's time is over (which lasts `CLOCK_SKEW`
until another worker may take over), or without a lease.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from relay_core.record.lease import CLOCK_SKEW
from relay_core.record.manifest import DeliveryState, Manifest
from relay_core.record.manifest_json import parse_manifest
from sandbox.emulator.workers import find_workers, kill_worker

_PAUSE = 0.1  # seconds between two looks at the mailboxes
_ROUND = 1.0  # seconds between two looks at the manifests: several in the time of `CLOCK_SKEW`


class _Background(ABC):
    """A thread that runs while the context lasts; its exception is raised at the end."""

    def __init__(self) -> None:
        self.stopping = Event()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._guarded, name=type(self).__name__, daemon=True)

    @abstractmethod
    def run(self) -> None:
        """Work until `stopping` is set."""

    def _guarded(self) -> None:
        try:
            self.run()
        except BaseException as error:  # noqa: BLE001 (raised again where the context ends)
            self._error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._thread.join()
        if self._error is not None and exc_value is None:
            raise self._error


class Killer(_Background):
    """Kills a worker of the function each time that `progress` passes one of `moments`."""

    def __init__(
        self,
        data: Path,
        function_name: str,
        *,
        progress: Callable[[], int],
        moments: Sequence[int],
        seed: int,
    ) -> None:
        super().__init__()
        self.kills = 0
        self._data = data
        self._function_name = function_name
        self._progress = progress
        self._moments = sorted(moments)
        self._source = random.Random(seed)  # noqa: S311 (no secret)

    def run(self) -> None:
        left = list(self._moments)
        while left and not self.stopping.wait(_PAUSE):
            if self._progress() >= left[0] and self._kill_one():
                left.pop(0)

    def _kill_one(self) -> bool:
        workers = find_workers(self._data, self._function_name)
        if not workers or not kill_worker(self._source.choice(workers)):
            return False
        self.kills += 1
        return True


class ManifestObserver(_Background):
    """Reads every manifest of a bucket after each change.

    `manifests` are the last versions by message id. `doubts` are the deliveries that were ever in
    doubt: message id, recipient, and the worker of the submission (empty without a lease).
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        super().__init__()
        self.manifests: dict[str, Manifest] = {}
        self.doubts: set[tuple[str, str, str]] = set()
        self._s3 = s3
        self._bucket = bucket
        self._versions: dict[str, str] = {}

    def run(self) -> None:
        while not self.stopping.wait(_ROUND):
            self.look()

    def look(self) -> None:
        """One round over the manifests."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix="manifests/"
        )
        for item in (item for page in pages for item in page.get("Contents", [])):
            if self._versions.get(item["Key"]) != item["ETag"]:
                answer = self._s3.get_object(Bucket=self._bucket, Key=item["Key"])
                manifest = parse_manifest(answer["Body"].read())
                self.manifests[manifest.message_id] = manifest
                self._versions[item["Key"]] = answer["ETag"]
        now = datetime.now(UTC)
        for manifest in self.manifests.values():
            self.doubts.update(_doubts(manifest, now))


def _doubts(manifest: Manifest, now: datetime) -> set[tuple[str, str, str]]:
    lease = manifest.lease
    if lease is not None and now < lease.until - CLOCK_SKEW:
        return set()
    holder = lease.holder if lease else ""
    return {
        (manifest.message_id, one.recipient, holder)
        for one in manifest.deliveries
        if one.state is DeliveryState.SUBMITTING
    }
