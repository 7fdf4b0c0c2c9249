"""Ray, joined or started: on one machine by default, on a cluster where an address is given.

A local Ray has no dashboard and takes no jobs; all of its ports are on the loopback address, and
ask for a token that this process makes up. Every wait in this folder goes through `gather`, which
has a deadline and says what it waited for and what the cluster has.
"""

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ray
from ray._private import ray_constants
from ray._raylet import AuthenticationTokenLoader  # type: ignore[attr-defined]
from ray.util import client

from collate.cluster.address import (
    address_problems,
    cluster_address,
    host_and_port,
    in_ray_job,
    use_token,
)
from collate.config.offline import OFFLINE, TELEMETRY_OFF
from collate.config.schema import RayConfig
from collate.errors import DeadlineError, EngineError, InputError, WorkerDiedError

OBJECT_STORE_BYTES = 512 * 2**20
QUIET: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": True}
FETCH_SECONDS = 600.0
"""For a result that is ready to come over from another node."""

HANDSHAKE_SECONDS = 60.0
"""A port that takes a connection and has not spoken Ray's protocol by then is no cluster's."""
HEAD_SILENCE = 30.0
"""Seconds that Ray's head may be silent before the run ends; Ray itself ends it after 60."""
HEAD_CHECK_INTERVAL = 2.0

_TOKEN = secrets.token_hex(32)


@contextlib.contextmanager
def session(config: RayConfig, **options: Any) -> Iterator[None]:
    """A connection to Ray while the block lasts; a Ray that stands already is left alone.

    `options` go to the `ray.init` of a Ray that has to be started. Raises InputError for an address
    that may not be used, EngineError where no Ray answers.
    """
    if ray.is_initialized():
        yield
        return
    if problems := address_problems(config.address):
        raise InputError.of(problems)
    address = cluster_address(config.address)
    if address:
        _join(address, config.start_deadline)
    else:
        _start_local(config.start_deadline, options)
    try:
        yield
    finally:
        ray.shutdown()
        AuthenticationTokenLoader.instance().reset_cache()


def _join(address: str, deadline: float) -> None:
    """Connect to a cluster. Its workers get no more leave than those of this machine.

    Inside of a job it is the job that says so (`jobs/runtime_env.yaml`): Ray takes no name twice.
    """
    use_token()
    if host_port := host_and_port(address):
        _wait_for_handshake(address, host_port, deadline)
    variable_names = () if in_ray_job() else (*TELEMETRY_OFF, *OFFLINE)
    variables = {name: os.environ[name] for name in variable_names if name in os.environ}
    try:
        ray.init(
            address=address, runtime_env={"env_vars": variables} if variables else None, **QUIET
        )
    except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        reason = " ".join(str(error).split())
        raise EngineError(f"ray.address={address}: no cluster to join: {reason}") from error


def _wait_for_handshake(address: str, place: tuple[str, int], deadline: float) -> None:
    """Return once a cluster answers at the place: Ray itself would wait without end.

    Raises EngineError where nobody takes a connection, DeadlineError where nobody answers in time.
    """
    import grpc

    give_up_at = time.monotonic() + deadline
    try:
        # Tried first, since a refused connection shows at once, and gRPC would go on trying.
        socket.create_connection(place, timeout=deadline).close()
    except TimeoutError as error:
        raise DeadlineError(
            f"ray.address={address}: no answer in {deadline:.0f} s (ray.start_deadline); is the "
            "cluster up, and its port open to this machine?"
        ) from error
    except OSError as error:
        raise EngineError(
            f"ray.address={address}: nobody answers there ({error.strerror or error}). Is the "
            "cluster up? Without ray.address and RAY_ADDRESS a Ray of this machine is started"
        ) from error
    # A plain channel cannot shake hands with a port that speaks TLS.
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return
    # An IPv6 address stands in brackets before its port: [::1]:6379
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    seconds_left = min(HANDSHAKE_SECONDS, max(give_up_at - time.monotonic(), 1.0))
    options = [("grpc.enable_http_proxy", 0)]  # as Ray does
    with grpc.insecure_channel(f"{host}:{place[1]}", options) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds_left)
        except grpc.FutureTimeoutError as error:
            raise DeadlineError(
                f"ray.address={address}: what answers there is not a Ray cluster, or takes more "
                f"than {seconds_left:.0f} s; the port of a cluster is 6379 unless it was told "
                "otherwise"
            ) from error


def _start_local(deadline: float, options: Mapping[str, Any]) -> None:
    """A Ray of this machine. On a busy one Ray gives up its own start after 30 s: we try again."""
    give_up_at = time.monotonic() + deadline
    while True:
        try:
            with _own_token(), _without_other_machines():
                ray.init(
                    address="local",
                    include_dashboard=False,
                    object_store_memory=OBJECT_STORE_BYTES,
                    # Ray takes the address of the network otherwise, where its ports would be open
                    # to others.
                    _node_ip_address="127.0.0.1",
                    **{**QUIET, **options},
                )
            return
        except Exception as error:
            ray.shutdown()
            # Ray's own words for a node that did not come up in its 30 seconds.
            if "timed out during startup" not in str(error) or time.monotonic() > give_up_at:
                raise EngineError(f"Ray could not start on this machine: {error}") from error


@contextlib.contextmanager
def _own_token() -> Iterator[None]:
    """Have a Ray that starts in the block ask for a token that nobody else knows.

    Ray takes one from the user's home otherwise, which others on this machine may be able to read.
    The processes that start in the block keep it; the user's own token, if any is set, stays.
    """
    token_variables = [
        variable
        for variable in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
        if os.environ.get(variable)
    ]
    if not token_variables:
        os.environ["RAY_AUTH_TOKEN"] = _TOKEN
        AuthenticationTokenLoader.instance().reset_cache()
    try:
        yield
    finally:
        if not token_variables:
            del os.environ["RAY_AUTH_TOKEN"]


@contextlib.contextmanager
def _without_other_machines() -> Iterator[None]:
    """Have a Ray that starts in the block listen on the loopback address alone.

    Ray replaces 127.0.0.1 by the address that other machines see, unless it was told (by an
    environment variable that it reads when it is imported) that there are no other machines.
    """
    value_before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = value_before


def gather(refs: Sequence[Any], *, deadline: float, waiting_for: str) -> list[Any]:
    """The results of all references, in order.

    Raises DeadlineError after `deadline` seconds, EngineError when a process behind a reference
    died, and what a task raised on purpose as it is.
    """
    give_up_at = time.monotonic() + deadline
    pending_refs = list(refs)
    while pending_refs:
        seconds_left = give_up_at - time.monotonic()
        if seconds_left <= 0:
            raise DeadlineError(
                f"waited {deadline:.0f} s for {waiting_for}; {len(pending_refs)} of {len(refs)} "
                f"did not come. The cluster has {resources_text()}. Free some of it, ask for less "
                "(engine.count, engine.threads), or raise the deadline (ray.start_deadline)."
            )
        # Looked at as they end, so that the first that failed is reported at once.
        ready_refs, pending_refs = ray.wait(
            pending_refs, num_returns=len(pending_refs), timeout=min(0.5, seconds_left)
        )
        for ref in ready_refs:
            result_of(ref, waiting_for)
    return [result_of(ref, waiting_for) for ref in refs]


def result_of(ref: Any, waiting_for: str) -> Any:
    """The result of a finished reference, or its error in collate's own words."""
    try:
        return ray.get(ref, timeout=FETCH_SECONDS)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else error from error
    except ray.exceptions.RayError as error:
        raise WorkerDiedError(f"the process behind {waiting_for} died: {error}") from error


def resources_text() -> str:
    """What the cluster has and what of it is free, for messages."""
    total_by_kind, free_by_kind = ray.cluster_resources(), ray.available_resources()
    kinds = [kind for kind in ("CPU", "GPU") if kind in total_by_kind]
    parts = [
        f"{free_by_kind.get(kind, 0):g} of {total_by_kind[kind]:g} {kind}s free" for kind in kinds
    ]
    return ", ".join(parts) or "no node"


@contextlib.contextmanager
def watch_head(silence: float, notify: Callable[[str], None]) -> Iterator[None]:
    """End this process, with exit status 1, when Ray's head is silent for so many seconds.

    Ray ends a process that has lost its head, a minute later and without a word on the screen;
    nothing can go on without it. This ends the process earlier, and says so. A Ray client's
    connection (`ray://`) is Ray's own to watch: the head may be out of this machine's reach.
    """
    if client.ray.is_connected():
        yield
        return
    address = str(ray.get_runtime_context().gcs_address)
    host, _, port = address.rpartition(":")
    head_address, stopped = (host.strip("[]"), int(port)), threading.Event()

    def watch() -> None:
        last_heard = time.monotonic()
        while not stopped.wait(HEAD_CHECK_INTERVAL):
            with contextlib.suppress(OSError):
                socket.create_connection(head_address, timeout=HEAD_CHECK_INTERVAL).close()
                last_heard = time.monotonic()
            if time.monotonic() - last_heard > silence:
                try:
                    notify(
                        f"collate: Ray's head at {address} has not answered for {silence:g} s; "
                        "what is finished is on the disk, the same command continues"
                    )
                finally:
                    # Not sys.exit, which would end this thread alone; the main one may wait in Ray
                    # without end.
                    os._exit(1)

    watcher = threading.Thread(target=watch, name="watch-head", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stopped.set()
        watcher.join(2 * HEAD_CHECK_INTERVAL)
