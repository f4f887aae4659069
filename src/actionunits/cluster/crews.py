"""Who does the work: Ray's actors on one machine or many, or this process alone.

Plain actors and no Ray Data pipeline: Ray Data cannot tell which file ended a worker, so it tries again for ever or
ends the run, and it may compute a block anew after its rows were committed. Here each worker has one file in hand at
most; what waits, waits in this process; and nothing but small records goes through Ray's object store.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from actionunits.cluster.inputs import CorpusFile
from actionunits.cluster.records import Record
from actionunits.cluster.watch import Glance
from actionunits.cluster.worker import Orders, Trouble, Worker
from actionunits.errors import ActionUnitsError, ClusterError, UsageError
from actionunits.pool import cores

_STORE_BYTES = 100 << 20  # Ray's object store: only records go through it
_LOSSES = 5  # workers lost in a row, none of which did anything, after which the cluster counts as broken


@dataclass(frozen=True)
class Task:
    """A file and which attempt at it this is."""

    file: CorpusFile
    attempt: int


@dataclass(frozen=True)
class Finished:
    """A task that ended."""

    task: Task
    outcome: Record | Trouble


class Crew(Protocol):
    """Workers that take one task each."""

    @property
    def free(self) -> int:
        """How many have nothing in hand."""

    @property
    def busy(self) -> int:
        """How many have."""

    def begin(self, task: Task) -> None:
        """Give a task to one that is free."""

    def ended(self, seconds: float) -> list[Finished]:
        """Wait so long at most; return what ended."""

    def glances(self) -> Sequence[Glance]:
        """What everybody is doing."""

    def close(self) -> None:
        """Send everybody home."""


class SoloCrew:
    """One worker in this process; no Ray."""

    def __init__(self, orders: Orders, device: str = "cpu") -> None:
        self._worker = Worker(orders, device, "this process")
        self._task: Task | None = None

    @property
    def free(self) -> int:
        """See :class:`Crew`."""
        return int(self._task is None)

    @property
    def busy(self) -> int:
        """See :class:`Crew`."""
        return int(self._task is not None)

    def begin(self, task: Task) -> None:
        """See :class:`Crew`."""
        self._task = task

    def ended(self, seconds: float) -> list[Finished]:
        """See :class:`Crew`; does the work first."""
        task, self._task = self._task, None
        return [] if task is None else [Finished(task, self._worker.compute(task.file, task.attempt))]

    def glances(self) -> Sequence[Glance]:
        """See :class:`Crew`."""
        return [self._worker.glance()]

    def close(self) -> None:
        """See :class:`Crew`."""


@dataclass(frozen=True)
class Staff:
    """How many workers, and what each may use.

    Attributes:
        workers: on processors; None for as many as there are cores, of this machine or the cluster, or files.
        gpu_workers: on a GPU each, besides.
        cores_each: of a worker; on one, its decoding, tracking and scoring take turns, on more they overlap. None
            shares this machine's cores evenly, and is 1 on a cluster.
        address: of a Ray cluster; None for this machine alone.
        dashboard: start Ray's dashboard.
    """

    workers: int | None = None
    gpu_workers: int = 0
    cores_each: int | None = None
    address: str | None = None
    dashboard: bool = False

    def settled(self, files: int) -> Staff:
        """The same with numbers for what was left open, where this machine alone decides; for so many files."""
        if self.address is not None:
            return replace(self, cores_each=self.cores_each or 1)
        workers = self.workers
        if workers is None:
            room = cores() // (self.cores_each or 1) - self.gpu_workers
            workers = max(0 if self.gpu_workers else 1, min(room, files))
        share = cores() // max(1, workers + self.gpu_workers)
        return replace(self, workers=workers, cores_each=self.cores_each or max(1, share))

    @property
    def cores_used(self) -> int:
        """Of a worker, once settled: no more than it has to itself."""
        asked = self.cores_each or 1
        if self.address is not None:
            return asked
        return max(1, min(asked, cores() // max(1, (self.workers or 0) + self.gpu_workers)))


class RayCrew:
    """Actors, each with a model kept warm and one file in hand.

    Args:
        orders: what all files have in common.
        staff: how many.
        most: no more workers than there are files.

    Raises:
        UsageError: Ray is not installed, or the cluster has no room for one worker.
        ClusterError: the cluster cannot be reached.
    """

    def __init__(self, orders: Orders, staff: Staff, most: int) -> None:
        self._ray, self._own = _started(staff)
        self._orders, self._staff = orders, staff
        self._class = self._ray.remote(concurrency_groups={"look": 1})(Worker)
        self._cores = staff.cores_each or 1
        room = int(self._ray.cluster_resources().get("CPU", 0)) // self._cores
        workers = room - staff.gpu_workers if staff.workers is None else staff.workers
        devices = (["cuda"] * staff.gpu_workers + ["cpu"] * max(0, workers))[: max(1, most)]
        if not devices or (staff.address is not None and not room):
            raise UsageError(f"--cores-each {self._cores}", "no machine has room for a worker", "Ask for fewer")
        self._count = 0
        self._losses = 0
        self._free = [self._hired(device) for device in devices]
        self._busy: dict[Any, tuple[Any, Task]] = {}
        self._devices = dict(zip(self._free, devices, strict=True))

    @property
    def free(self) -> int:
        """See :class:`Crew`."""
        return len(self._free)

    @property
    def busy(self) -> int:
        """See :class:`Crew`."""
        return len(self._busy)

    def await_all(self) -> None:
        """Wait until every worker has its model."""
        try:
            self._ray.get([actor.glance.remote() for actor in self._free])
        except self._ray.exceptions.RayError as error:
            raise _cluster_lost(error) from error

    def begin(self, task: Task) -> None:
        """See :class:`Crew`."""
        actor = self._free.pop()
        self._busy[actor.compute.remote(task.file, task.attempt)] = (actor, task)

    def ended(self, seconds: float) -> list[Finished]:
        """See :class:`Crew`. A lost worker's task comes back as trouble, and another worker takes its place.

        Raises:
            ClusterError: workers are lost as soon as they start, or the cluster is gone.
            ActionUnitsError: a worker cannot load the model.
        """
        ready, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=seconds)
        done = []
        for reference in ready:
            actor, task = self._busy.pop(reference)
            try:
                outcome: Record | Trouble = self._ray.get(reference)
                self._losses = 0
                self._free.append(actor)
            except self._ray.exceptions.RayActorError as error:
                outcome = self._replaced(actor, task, error)
            except self._ray.exceptions.RayTaskError as error:
                said = str(error.cause).splitlines()[0] if str(error.cause) else type(error.cause).__name__
                reason = f"the analysis broke off ({type(error.cause).__name__}: {said})"
                outcome = Trouble("input", ActionUnitsError(task.file.source, reason, "Look at the file"))
                self._free.append(actor)
            except self._ray.exceptions.RayError as error:
                raise _cluster_lost(error) from error
            done.append(Finished(task, outcome))
        return done

    def glances(self) -> Sequence[Glance]:
        """See :class:`Crew`; who does not answer within a second is left out."""
        asked = {actor.glance.options(concurrency_group="look").remote(): actor for actor, _ in self._busy.values()}
        if not asked:
            return []
        ready, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=1)
        found = []
        for reference in ready:
            try:
                found.append(self._ray.get(reference))
            except self._ray.exceptions.RayError:  # `ended` tells of it
                continue
        return sorted(found, key=lambda glance: glance.worker)

    def close(self) -> None:
        """See :class:`Crew`."""
        for actor in [*self._free, *(actor for actor, _ in self._busy.values())]:
            self._ray.kill(actor)
        if self._own:
            self._ray.shutdown()

    def _hired(self, device: str) -> Any:
        self._count += 1
        options = self._class.options(
            num_cpus=self._cores,
            num_gpus=int(device == "cuda"),
            max_restarts=0,
        )
        return options.remote(self._orders, device, f"worker {self._count}")

    def _replaced(self, actor: Any, task: Task, error: Exception) -> Trouble:
        """Put a new worker in the place of a lost one."""
        cause = getattr(error, "cause", None)
        if isinstance(cause, ActionUnitsError):  # it never came up: the model is not there
            raise cause
        self._losses += 1
        if self._losses > max(_LOSSES, 2 * (len(self._free) + len(self._busy) + 1)):
            raise _cluster_lost(error) from error
        device = self._devices.pop(actor)
        new = self._hired(device)
        self._devices[new] = device
        self._free.append(new)
        step = "If it happens again, give workers more memory or leave the file out"
        return Trouble("worker", ClusterError(task.file.source, "its worker was lost (killed, or out of memory)", step))


def _started(staff: Staff) -> tuple[Any, bool]:
    """Ray, joined to a cluster or started here, and whether that happened just now.

    It calls nobody, and one that is started here lets nobody in: it has a token of its own, which is left nowhere.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if staff.address is None and "RAY_AUTH_MODE" not in os.environ and "ray" not in sys.modules:  # read when imported
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "120")  # a busy machine needs longer than Ray's 20 s
    try:
        import ray
    except ImportError as error:
        raise UsageError("batch", "Ray is not installed", 'pip install "actionunits[cluster]"') from error
    if ray.is_initialized():
        return ray, False
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if staff.address is not None:
            ray.init(address=staff.address, **common)
        else:
            places = (staff.workers if staff.workers is not None else cores()) + staff.gpu_workers
            ray.init(
                address="local",
                num_cpus=max(1, places * (staff.cores_each or 1)),
                num_gpus=staff.gpu_workers or None,
                include_dashboard=staff.dashboard,
                object_store_memory=_STORE_BYTES,
                **common,
            )
    except Exception as error:  # Ray raises just that when it starts too slowly
        where = staff.address or "this machine"
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterError(
            where, f"Ray cannot be joined or started ({said})", "See docs/ten-thousand-hours.md"
        ) from error
    return ray, True


def _cluster_lost(error: Exception) -> ClusterError:
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ClusterError(
        "the workers", f"they are lost ({said})", "Look after the cluster and run again; what is done is kept"
    )
