"""Durable execution by DBOS Transact, in this process, on the store's SQLite file."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, Queue
from dbos import WorkflowStatus as Known

from honk.base.disk import is_about_space
from honk.base.errors import OutOfSpace
from honk.base.ids import new_id
from honk.engine import ENDED, EngineError, Workflow, WorkflowStatus
from honk.engine.database import open_engine
from honk.engine.steps import Act, Halted

T = TypeVar("T")

APPLICATION = "honk"
VERSION = "1"
"""Fixed by hand: by default it is a hash of the code, and after an update nothing old would ever be recovered."""
QUEUE_PREFIX = "honk-"
BRISK_POLL_SECONDS = 0.05
IDLE_POLL_SECONDS = 0.5
BRISK_SECONDS, LASTING_BRISK_SECONDS = 10.0, 2.0
"""How long the queue is looked at briskly after each enlisting, by a command, by a server: it costs 4 % of a core."""
THREADS = 8
"""For recording; DBOS also makes these the loop's default threads."""
LOOK_SECONDS = 0.02
STOP_SECONDS = 10.0
_UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED"]
_STATUS = {
    "ENQUEUED": WorkflowStatus.WAITING,
    "DELAYED": WorkflowStatus.WAITING,
    "PENDING": WorkflowStatus.RUNNING,
    "SUCCESS": WorkflowStatus.DONE,
    "CANCELLED": WorkflowStatus.CANCELLED,
}


class DBOSEngine:
    """Port `Engine`. Workflows and their acts run on the event loop that `start` was called on.

    Every process has a queue of its own: so what a dead process accepted or began lies still until it is resumed, and
    then starts within a poll of this one.
    """

    _of_process: ClassVar["DBOSEngine | None"] = None
    """DBOS is one per process."""

    def __init__(self, database: Path, *, is_lasting: bool = False) -> None:
        """`is_lasting`: in a server, which mostly has nothing to begin. It looks seldom, for each look costs; a command
        looks often, to begin and to end at once."""
        self._database = database
        self._is_lasting = is_lasting
        self._executor_id = new_id()
        self._queue = QUEUE_PREFIX + self._executor_id
        self._workflows: dict[str, Workflow] = {}
        self._running: dict[str, asyncio.Task[object]] = {}
        self._cancelled: set[str] = set()
        self._halted: dict[str, str] = {}
        """For want of room, in this process; with the words for it."""
        self._connections: sa.Engine | None = None
        self._client: DBOSClient | None = None
        self._polled: Queue | None = None
        self._pace: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = False
        self._is_brisk = False

    def register(self, name: str, workflow: Workflow) -> None:
        """Raises EngineError after `start`."""
        if self._client is not None:
            raise EngineError(f"The workflow {name} was registered after the engine's start.")
        self._workflows[name] = workflow

    async def start(self) -> None:
        """Launch; a second call does nothing.

        Raises:
            EngineError: another engine runs in this process, or DBOS could not launch.
        """
        if DBOSEngine._of_process is self:
            return
        if DBOSEngine._of_process is not None:
            raise EngineError("Another engine runs in this process: stop it first.")
        DBOSEngine._of_process = self
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        # A handler of ours keeps DBOS from adding its own, which writes to the console.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        self._connections = open_engine(self._database)
        try:
            await asyncio.to_thread(self._prepare_queue)
            DBOS(
                config={
                    "name": APPLICATION,
                    "application_version": VERSION,
                    "executor_id": self._executor_id,
                    "system_database_engine": self._connections,
                    "serializer": DBOSPortableJSONSerializer(),
                    "max_executor_threads": THREADS,
                    "log_level": "ERROR",
                    "enable_otlp": False,
                    # Nobody listens; but a stop waits for its next look.
                    "notification_listener_polling_interval_sec": 1.0 if self._is_lasting else 0.1,
                }
            )
            for name, workflow in self._workflows.items():
                self._declare(name, workflow)
            DBOS.listen_queues([self._queue])
            # On this thread: the loop that runs here is the one DBOS will schedule workflows on.
            DBOS.launch()
            if not self._is_lasting:
                self._hasten()
        except Exception as error:
            await self.stop()
            why = getattr(error, "orig", None) or error
            if is_about_space(error):
                raise OutOfSpace(f"The disk is full: the engine could not start on {self._database}.") from error
            raise EngineError(f"The engine could not start on {self._database}: {why}. Nothing was begun.") from error

    async def take_over(self) -> tuple[str, ...]:
        """Idempotent: what this process has already is left alone."""
        left = await self._list(status=_UNFINISHED)
        ids = tuple(one.workflow_id for one in left if not self._is_ours(one))
        if ids:
            self._hasten()
            await self._started().resume_workflows_async(list(ids), queue_name=self._queue)
        return ids

    async def resume(self, workflow_id: str) -> None:
        """Raises EngineError where the id is unknown."""
        known = await self._known(workflow_id)
        if known is None:
            raise EngineError(f"No workflow is called {workflow_id}.")
        if known.status in _UNFINISHED and not self._is_ours(known):
            self._halted.pop(workflow_id, None)
            self._hasten()
            await self._started().resume_workflow_async(workflow_id, queue_name=self._queue)

    async def stop(self) -> None:
        """Cancel what runs, without recording that, and let go of the database."""
        if DBOSEngine._of_process is not self:
            return
        self._is_stopping = True
        if self._pace is not None:
            await _end([self._pace])
            self._pace = None
        await _end(self._running.values())
        # DBOS made its threads the loop's default ones, and takes them away with it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="honk-"))
        await asyncio.to_thread(self._let_go)
        await _end(self._running.values())
        DBOSEngine._of_process = None

    def enlist(self, name: str, workflow_id: str, argument: str) -> Callable[[object], None]:
        """Raises EngineError where the engine is not started or knows no workflow of this name."""
        client = self._started()
        if name not in self._workflows:
            raise EngineError(f"No workflow is registered as {name}.")

        def join(connection: object) -> None:
            if not isinstance(connection, sa.Connection):
                raise EngineError(f"The engine cannot join a transaction of {type(connection).__name__}.")
            client.enqueue_in_transaction(
                connection,
                {
                    "queue_name": self._queue,
                    "workflow_name": name,
                    "workflow_id": workflow_id,
                    "app_version": VERSION,
                },
                argument,
            )
            self._hasten()

        return join

    async def wait(self, workflow_id: str) -> WorkflowStatus:
        """By the workflow's own task while it runs here, else by looking."""
        while True:
            if running := self._running.get(workflow_id):
                await asyncio.wait({running})
            if words := self._halted.get(workflow_id):
                raise OutOfSpace(words)
            known = await self._known(workflow_id)
            if known is None:
                raise EngineError(f"No workflow is called {workflow_id}.")
            status = self._status_of(known)
            if status is WorkflowStatus.FAILED:
                raise EngineError(f"The workflow {workflow_id} broke: {known.error}") from known.error
            if status in ENDED and workflow_id not in self._running:
                return status
            await asyncio.sleep(LOOK_SECONDS)

    async def status(self, workflow_id: str) -> WorkflowStatus | None:
        """None for an id that was never enlisted. What a dead process began is waiting: to be resumed."""
        known = await self._known(workflow_id)
        return None if known is None else self._status_of(known)

    async def cancel(self, workflow_id: str) -> None:
        """First on record, so that no crash revives it; then in this process. An ended one is left alone."""
        known = await self._known(workflow_id)
        if known is None:
            raise EngineError(f"No workflow is called {workflow_id}.")
        if known.status not in _UNFINISHED:
            return
        # One that was just taken off the queue is not running yet; it must not begin either.
        self._cancelled.add(workflow_id)
        await self._started().cancel_workflow_async(workflow_id)
        if (running := self._running.get(workflow_id)) and not await _end([running]):
            raise EngineError(f"{workflow_id} is cancelled, but its running step did not end in {STOP_SECONDS:.0f} s.")

    def _declare(self, name: str, workflow: Workflow) -> None:
        async def run(argument: str) -> None:
            task, workflow_id = asyncio.current_task(), DBOS.workflow_id
            if asyncio.get_running_loop() is not self._loop or task is None or workflow_id is None:
                raise EngineError("DBOS started a workflow beside the engine's event loop.")
            if self._is_stopping or workflow_id in self._cancelled:
                raise asyncio.CancelledError
            self._running[workflow_id] = task
            task.add_done_callback(lambda _: self._running.pop(workflow_id, None))
            try:
                await workflow(_RecordedSteps(), argument)
            except (Halted, Exception) as error:
                if not isinstance(error, Halted) and not is_about_space(error):
                    raise
                halt = Halted(str(error) if isinstance(error, Halted | OutOfSpace) else self._full)
                self._halted[workflow_id] = str(halt)
                raise halt from error

        DBOS.workflow(name=name)(run)

    @property
    def _full(self) -> str:
        return (
            f"The disk is full: {self._database} could not be written. The workflow is halted, not ended: everything "
            "that was recorded is kept. Make room, then resume it."
        )

    def _prepare_queue(self) -> None:
        """Before the launch: DBOS looks for new queues only once a second."""
        assert self._connections is not None
        self._client = DBOSClient(
            system_database_engine=self._connections,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )
        # Private, since DBOS.migrate takes a URL only, in which a path with ? or % is another path.
        self._client._sys_db.run_migrations()
        for queue in self._client.list_queues():
            if queue.name.startswith(QUEUE_PREFIX):
                self._client.delete_queue(queue.name)
        self._is_brisk = not self._is_lasting
        pause = BRISK_POLL_SECONDS if self._is_brisk else IDLE_POLL_SECONDS
        self._polled = self._client.register_queue(self._queue, polling_interval_sec=pause)

    def _hasten(self) -> None:
        """Look at the queue briskly for a while."""
        if self._pace is not None:
            self._pace.cancel()
        self._pace = asyncio.create_task(self._keep_pace())

    async def _keep_pace(self) -> None:
        assert self._polled is not None
        if not self._is_brisk:
            self._is_brisk = True
            await self._polled.set_polling_interval_sec_async(BRISK_POLL_SECONDS)
        await asyncio.sleep(LASTING_BRISK_SECONDS if self._is_lasting else BRISK_SECONDS)
        await self._polled.set_polling_interval_sec_async(IDLE_POLL_SECONDS)
        self._is_brisk = False

    def _let_go(self) -> None:
        DBOS.destroy(destroy_registry=True)
        if self._client is not None:
            self._client.destroy()
            self._client = None
        if self._connections is not None:
            self._connections.dispose()
            self._connections = None

    def _started(self) -> DBOSClient:
        if self._client is None:
            raise EngineError("The engine is not started.")
        return self._client

    async def _list(self, *, ids: list[str] | None = None, status: list[str] | None = None) -> list[Known]:
        return await self._started().list_workflows_async(workflow_ids=ids, status=status, load_input=False)

    async def _known(self, workflow_id: str) -> Known | None:
        return next(iter(await self._list(ids=[workflow_id])), None)

    def _is_ours(self, known: Known) -> bool:
        """What halted here is as good as a dead process's."""
        return known.queue_name == self._queue and known.workflow_id not in self._halted

    def _status_of(self, known: Known) -> WorkflowStatus:
        status = _STATUS.get(known.status, WorkflowStatus.FAILED)
        if status is WorkflowStatus.RUNNING and not self._is_ours(known):
            return WorkflowStatus.WAITING
        return status


class _RecordedSteps:
    """Port `Steps`, inside a workflow of DBOS."""

    async def __call__(self, name: str, returns: type[object] | None, act: Callable[[], Awaitable[T]]) -> T:
        """Recorded in the form of `honk.engine.steps`."""
        recorded = Act(returns, act)
        result: T = recorded.replay(await DBOS.run_step_async({"name": name}, recorded.record))
        return result


async def _end(tasks: Iterable[asyncio.Task[object]]) -> bool:
    """Cancel them and wait; False if one did not end in time."""
    ending = set(tasks)
    for task in ending:
        task.cancel()
    if ending:
        _, left = await asyncio.wait(ending, timeout=STOP_SECONDS)
        return not left
    return True
