"""A Ray of this machine is nobody else's; a cluster is joined only where that is safe, in time."""

import http.server
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import ray

from collate.cluster.address import address_problems, dashboard_problems, is_loopback
from collate.cluster.session import session
from collate.config.schema import RayConfig
from collate.errors import DeadlineError, EngineError, InputError

TOKEN_NAMES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE", "RAY_ADDRESS")


@pytest.fixture(autouse=True)
def no_ray_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither an address nor a token, neither in the environment nor in the home folder."""
    for name in TOKEN_NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def unconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no other test of this process kept a Ray."""
    monkeypatch.setattr(ray, "is_initialized", lambda: False)


def listening() -> set[str]:
    """Addresses on which this process and those that it started take connections."""
    this = psutil.Process()
    return {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in (this, *this.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.usefixtures("local_ray")
def test_a_local_ray_listens_on_loopback_alone_and_has_a_token_of_its_own() -> None:
    @ray.remote(num_cpus=0)
    def seen() -> tuple[str | None, str | None]:
        return os.environ.get("RAY_AUTH_MODE"), os.environ.get("RAY_AUTH_TOKEN")

    mode, token = ray.get(seen.remote(), timeout=120)
    assert mode == "token" and len(token or "") == 64
    found = listening()
    assert found and all(is_loopback(each) for each in found), found
    assert is_loopback(ray.get_runtime_context().gcs_address.rpartition(":")[0])
    assert "RAY_AUTH_TOKEN" not in os.environ


@pytest.mark.parametrize("address", [None, "auto", "local", "127.0.0.1:6379", "localhost:6379",
                                     "[::1]:6379", "ray://127.0.0.1:10001"])  # fmt: skip
def test_addresses_of_this_machine_need_no_token(address: str | None) -> None:
    assert address_problems(address) == []


@pytest.mark.usefixtures("unconnected")
@pytest.mark.parametrize("address", ["10.0.0.5:6379", "head:6379", "ray://head:10001",
                                     "192.0.2.1:6379", "[2001:db8::1]:6379"])  # fmt: skip
def test_another_machine_needs_one(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = address_problems(address)
    assert problem.startswith(f"ray.address={address}: ") and "CVE-2023-48022" in problem
    with pytest.raises(InputError, match="CVE-2023-48022"), session(RayConfig(address=address)):
        pass
    monkeypatch.setenv("RAY_AUTH_TOKEN", "t")
    assert address_problems(address) == []
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert len(address_problems(address)) == 1


def test_an_address_from_the_environment_is_checked_unless_ray_itself_set_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.5:6379")
    assert address_problems(None)[0].startswith("RAY_ADDRESS=10.0.0.5:6379: ")
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    assert address_problems(None) == []
    assert len(address_problems("10.0.0.5:6379")) == 1


def test_the_dashboard_of_another_machine_needs_a_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert dashboard_problems("http://127.0.0.1:8265") == []
    assert "CVE-2023-48022" in dashboard_problems("http://10.0.0.5:8265")[0]
    assert "CVE-2023-48022" in dashboard_problems("https://127.0.0.1.example.org")[0]
    assert "expected http://HOST:8265" in dashboard_problems("10.0.0.5:8265")[0]
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("t")
    assert dashboard_problems("http://10.0.0.5:8265") == []


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "a b:1", "host:"])
def test_what_is_no_address_is_refused(address: str) -> None:
    (problem,) = address_problems(address)
    assert "expected host:port of a cluster" in problem


def test_an_http_address_names_the_option_that_takes_it() -> None:
    assert "is for collate submit --address" in address_problems("http://127.0.0.1:8265")[0]


@pytest.fixture
def web_server() -> Iterator[int]:
    """The port of a server that is no Ray."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("unconnected")
def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    with (
        pytest.raises(
            EngineError, match=rf"ray\.address=127\.0\.0\.1:{port}: nobody answers there"
        ),
        session(RayConfig(address=f"127.0.0.1:{port}")),
    ):
        pass
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("unconnected")
def test_a_port_of_something_else_is_told_within_the_deadline(web_server: int) -> None:
    with (
        pytest.raises(DeadlineError, match="is not a Ray cluster"),
        session(RayConfig(address=f"127.0.0.1:{web_server}", start_deadline=2.0)),
    ):
        pass


@pytest.mark.usefixtures("unconnected")
def test_auto_without_a_cluster_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_runs(**_: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "init", nothing_runs)
    with (
        pytest.raises(EngineError, match=r"ray\.address=auto: no cluster to join: Could not find"),
        session(RayConfig(address="auto")),
    ):
        pass
