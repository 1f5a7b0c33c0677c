"""Trials as tasks of a Ray cluster: https://docs.ray.io/en/latest/ray-core/tasks.html

A task starts the trial in its own process, as the driver does on one machine. So a worker keeps
TensorFlow loaded from trial to trial and survives a trial that crashes. When a worker or a node
goes away, its trials' processes end with it, and the driver gets a "lost" message for each.
"""

import asyncio
import itertools
import logging
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
from filelock import FileLock
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from conveyor import files
from conveyor.config.sweep import RayCluster
from conveyor.sweep.executors.processes import TrialProcess, make_context
from conveyor.sweep.protocol import ONGOING, Message, TrialJob
from conveyor.sweep.storage import SweepError
from conveyor.temporary import private_folder


class _Mailbox:
    """Passes messages between tasks and the driver; an actor on the driver's node."""

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[tuple[int, Message]] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[bool]] = {}

    async def send(self, key: int, message: Message) -> bool:
        """Pass a message to the driver. Returns its answer to a "validation", otherwise True."""
        waits = message[0] == "validation"
        if waits:
            self._answers[key] = asyncio.get_running_loop().create_future()
        await self._inbox.put((key, message))
        return await self._answers[key] if waits else True

    async def answer(self, key: int, proceed: bool) -> None:
        self._answers.pop(key).set_result(proceed)

    async def receive(self, timeout: float) -> list[tuple[int, Message]]:
        """Return all messages, after waiting at most `timeout` seconds for the first."""
        try:
            messages = [await asyncio.wait_for(self._inbox.get(), timeout)]
        except TimeoutError:
            return []
        while not self._inbox.empty():
            messages.append(self._inbox.get_nowait())
        return messages


class RayExecutor:
    """Runs trials on a Ray cluster; see `protocol.Executor`.

    The prepared data are sent to each node once.

    Args:
        function: "module:function" that runs one trial; every node must be able to import it.

    Raises:
        SweepError: there is no cluster at the address.
    """

    def __init__(self, function: str, cluster: RayCluster, prepared: Path) -> None:
        self._function, self._cluster, self.prepared = function, cluster, prepared
        address = cluster.address or os.environ.get("RAY_ADDRESS", "")
        workers_need = {n: os.environ[n] for n in ("PYTHONPATH",) if n in os.environ}
        try:
            _check_listens(address)
            ray.init(
                address=cluster.address, log_to_driver=False, logging_level=logging.ERROR,
                include_dashboard=None if address else False,
                runtime_env={"env_vars": workers_need},
            )  # fmt: skip
        except (RayError, OSError, ValueError, RuntimeError) as error:
            reason = f"{address or 'this machine'}: {str(error).splitlines()[0]}"
            raise SweepError(f"sweep.ray.address: no Ray cluster at {reason}") from None
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        mailbox: Any = ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=here)
        self._mailbox = mailbox.remote()
        self._digest = files.digest_tree(prepared)[:16]
        self._data = ray.put(_read_files(prepared))
        self._tasks: dict[int, Any] = {}  # references of running and waiting tasks
        self._keys = itertools.count()

    def start(self, job: TrialJob) -> int:
        key, cpus, gpus = next(self._keys), self._cluster.cpus, self._cluster.gpus
        remote: Any = ray.remote(_run).options(num_cpus=cpus, num_gpus=gpus, max_retries=0)
        self._tasks[key] = remote.remote(
            self._function, replace(job, threads=max(1, int(cpus))), gpus > 0, self._mailbox,
            key, self._data, self._digest,
        )  # fmt: skip
        return key

    def events(self, timeout: float) -> list[tuple[int, Message]]:
        messages = ray.get(self._mailbox.receive.remote(timeout))
        events = [(key, message) for key, message in messages if key in self._tasks]
        for key, (kind, *_) in events:
            if kind not in ONGOING:
                # The task ends by itself now. Cancelling it anyway can end this process, since
                # Ray's core fails on a cancellation beside a reply (ray-project/ray#54527).
                del self._tasks[key]
        keys = {reference: key for key, reference in self._tasks.items()}
        done = ray.wait(list(keys), num_returns=len(keys), timeout=0)[0] if keys else ()
        for reference in done:
            try:
                ray.get(reference)  # no error: its last message is on its way
            except RayError as error:
                reason = f"its Ray worker or node went away ({type(error).__name__})"
                events.append((keys[reference], ("lost", reason, None)))
                del self._tasks[keys[reference]]
        return events

    def answer(self, handle: int, *, proceed: bool) -> None:
        self._mailbox.answer.remote(handle, proceed)

    def stop(self, handle: int) -> None:
        reference = self._tasks.pop(handle, None)
        if reference is not None:
            ray.cancel(reference, force=True)

    def close(self) -> None:
        ray.shutdown()  # ends all tasks of this driver


def _run(
    function: str, job: TrialJob, gpu: bool, mailbox: Any, key: int, data: Any, digest: str
) -> None:
    """The task: run one trial in its own process."""
    prepared = _write_files(data, digest)
    device = os.environ.get("CUDA_VISIBLE_DEVICES") if gpu else job.gpu
    scratch = _choose_scratch(job, prepared)
    job = replace(job, prepared=str(prepared), scratch=scratch, gpu=device)
    process = TrialProcess(make_context(function), function, job)
    try:
        while True:
            message = process.receive()
            proceed: Any = ray.get(mailbox.send.remote(key, message))
            if message[0] == "validation":
                process.answer(proceed)
            elif message[0] not in ONGOING:
                return
    finally:
        process.close()


def _choose_scratch(job: TrialJob, prepared: Path) -> str:
    """Return the driver's folder if this node sees it, as on a shared disk; else a local one."""
    if Path(job.scratch).parents[2].is_dir():
        return job.scratch
    return str(prepared.parent / files.digest_value(job.scratch))


def _read_files(folder: Path) -> dict[Path, Any]:
    """Return a folder's files by their path in it: arrays, which Ray passes on without a copy."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): np.fromfile(path, np.uint8) for path in paths}


def _write_files(contents: dict[Path, Any], digest: str) -> Path:
    """Return the folder on this node; the first task that needs it writes it."""
    home = private_folder()
    folder = home / digest
    with FileLock(home / f"{digest}.lock"):
        if not folder.is_dir():
            with files.replacing_folder(folder) as temporary:
                for path, content in contents.items():
                    (temporary / path).parent.mkdir(parents=True, exist_ok=True)
                    content.tofile(temporary / path)
    return folder


def _check_listens(address: str) -> None:
    """Check that a server listens at an address; Ray itself would try for five minutes.

    Raises:
        OSError: no server does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()
