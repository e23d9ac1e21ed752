"""One connection to a study's server: JSON and files over HTTP/1.1, kept alive, tried again.

Every call of the protocol may be repeated: a claim by its session, what ends a segment by its
(segment, attempt). So a connection that breaks, before or after the server has acted, costs nothing
but the repeat.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import random
import selectors
import socket
import ssl
import time
import urllib.parse
from typing import IO, Any, Callable, Dict, Optional, TypeVar, Union

from .errors import ArgumentError, Error, UnreachableError, from_answer

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 600.0  # a report's answer waits until its checkpoint is durable
DELAY_SECONDS = (0.1, 10.0)  # between tries: the first, and the longest
LOOK_SECONDS = 0.2  # how often a wait looks whether it is still wanted
PIECE_BYTES = 1 << 20
JSON_BYTES = 64 << 20
PASSING = (502, 503, 504)

Result = TypeVar("Result")

log = logging.getLogger("pbt")
# Not the module's generator: its state is the program's.
jitter = random.SystemRandom()


class Unwanted(Exception):
    """Nobody waits for the answer any more."""


def never() -> bool:
    """The answer to "is this call unwanted?" where it always is wanted."""
    return False


def pause(seconds: float, is_unwanted: Callable[[], bool] = never) -> None:
    """Sleep, unless the wait becomes unwanted. Raises Unwanted."""
    until = time.monotonic() + seconds
    while True:
        if is_unwanted():
            raise Unwanted()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, LOOK_SECONDS))


class Answer:
    """The head of an answer, and its body still to be read."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()

    def json(self) -> Dict[str, Any]:
        """Read the body as a JSON object. Raises HTTPException where it is none."""
        length = self._response.length  # Python before 3.10 fills as much memory as it is to read
        text = self._response.read(JSON_BYTES if length is None else min(length, JSON_BYTES))
        try:
            body = json.loads(text.decode("utf-8"))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise http.client.HTTPException(f"an answer that is not JSON, with {self.status}")
        return body

    def error(self) -> Error:
        """Read the body of an answer that refuses."""
        try:
            body: Any = self.json()
        except http.client.HTTPException:
            body = None
        return from_answer(self.status, body)

    def copy_to(self, file: IO[bytes]) -> None:
        """Read the body into a file, all of it. Raises HTTPException where it ends too early."""
        expected = self._response.length
        total = 0
        while True:
            piece = self._response.read(PIECE_BYTES)
            if not piece:
                break
            file.write(piece)
            total += len(piece)
        if expected is not None and total != expected:
            raise http.client.HTTPException(f"{total} of {expected} bytes came")


class Wire:
    """A study as one process reaches it. Used by one thread at a time."""

    def __init__(self, server: str, study: str, token: str, patience_seconds: float) -> None:
        address = urllib.parse.urlsplit(server)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ArgumentError(f"'{server}' is not the URL of a server")
        self.server = server
        self.patience_seconds = patience_seconds
        self._is_tls = address.scheme == "https"
        self._host = address.hostname
        self._port = address.port
        self._root = f"{address.path.rstrip('/')}/v1/studies/{urllib.parse.quote(study, safe='')}"
        self._token = token
        self._connection: Optional[http.client.HTTPConnection] = None
        self._process = os.getpid()

    def post(
        self,
        path: str,
        body: Dict[str, Any],
        is_unwanted: Callable[[], bool] = never,
        patience_seconds: Optional[float] = None,
    ) -> Dict[str, Any]:
        """Post a JSON object to a path below the study and return the one in the answer.

        Raises Error where the server refuses, UnreachableError where it cannot be reached, Unwanted.
        """
        data = json.dumps(body, allow_nan=False).encode("utf-8")
        headers = {"Content-Type": "application/json"}

        def exchange() -> Dict[str, Any]:
            return self._send("POST", path, data, headers, is_unwanted).json()

        return self._try(exchange, is_unwanted, patience_seconds)

    def get(self, path: str) -> Dict[str, Any]:
        """Get the JSON object at a path below the study. Raises as `post` does."""
        return self._try(lambda: self._send("GET", path, None, {}).json())

    def put_file(self, path: str, file: IO[bytes], kind: str) -> None:
        """Send an open file, from its start. Raises as `post` does."""
        headers = {
            "Content-Type": kind,
            "Content-Length": str(os.fstat(file.fileno()).st_size),
        }

        def exchange() -> None:
            file.seek(0)
            self._send("PUT", path, file, headers).json()

        self._try(exchange)

    def get_file(self, path: str, file: IO[bytes]) -> str:
        """Fetch bytes into an open file; return their media type. Raises as `post` does."""

        def exchange() -> str:
            file.seek(0)
            file.truncate()
            answer = self._send("GET", path, None, {})
            answer.copy_to(file)
            return answer.kind

        return self._try(exchange)

    def close(self) -> None:
        """Hang up; the next call connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ---- one exchange

    def _connect(self) -> http.client.HTTPConnection:
        if self._process != os.getpid():
            # A forked child must not speak on its parent's connection.
            self._connection = None
            self._process = os.getpid()
        if self._connection is not None and self._connection.sock is not None:
            return self._connection
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        connection = kind(
            self._host, self._port, timeout=CONNECT_SECONDS, blocksize=PIECE_BYTES
        )
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        keep_alive(connection.sock)
        self._connection = connection
        return connection

    def _send(
        self,
        method: str,
        path: str,
        body: Union[bytes, IO[bytes], None],
        headers: Dict[str, str],
        is_unwanted: Callable[[], bool] = never,
    ) -> Answer:
        if self._token:
            headers = {**headers, "Authorization": f"Bearer {self._token}"}
        connection = self._connect()
        try:
            connection.request(method, self._root + path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # Who refuses a large body hangs up before its end; the answer may lie there already.
            if method != "PUT":
                raise
        wait_for(connection.sock, is_unwanted)
        answer = Answer(connection.getresponse())
        if answer.status in PASSING:
            raise http.client.HTTPException(str(answer.error()))
        if answer.status >= 400:
            raise answer.error()
        return answer

    # ---- until it works

    def _try(
        self,
        exchange: Callable[[], Result],
        is_unwanted: Callable[[], bool] = never,
        patience_seconds: Optional[float] = None,
    ) -> Result:
        """Repeat an exchange until it has an answer; the first repeat is at once."""
        patience = self.patience_seconds if patience_seconds is None else patience_seconds
        deadline = time.monotonic() + patience
        delay = 0.0
        while True:
            try:
                return exchange()
            except (Error, Unwanted):
                self.close()
                raise
            except (OSError, http.client.HTTPException) as error:
                self.close()
                reason = str(error) or type(error).__name__
                if time.monotonic() + delay >= deadline or is_hopeless(error):
                    raise UnreachableError(
                        f"cannot reach '{self.server}'", reason, "is the study still being run?"
                    ) from error
                if delay == DELAY_SECONDS[0]:
                    log.warning("cannot reach '%s' (%s); trying on", self.server, reason)
            pause(delay * jitter.uniform(0.5, 1.0), is_unwanted)
            delay = min(max(DELAY_SECONDS[0], 2 * delay), DELAY_SECONDS[1])


def is_hopeless(error: Exception) -> bool:
    """Whether the same exchange can only fail in the same way."""
    return isinstance(error, ssl.SSLCertVerificationError)


def keep_alive(connected: socket.socket) -> None:
    """Notice within a minute or two that the other machine is gone."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def wait_for(connected: socket.socket, is_unwanted: Callable[[], bool]) -> None:
    """Wait for an answer's first byte. Raises Unwanted, TimeoutError."""
    until = time.monotonic() + ANSWER_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(connected, selectors.EVENT_READ)
        while not selector.select(LOOK_SECONDS):
            if is_unwanted():
                raise Unwanted()
            if time.monotonic() >= until:
                raise TimeoutError("no answer")
