"""Messages between two processes of one service, each way in the order in which they are sent.

They are pickled: both ends are the same program, and nobody else can reach the socket.
"""

from __future__ import annotations

import pickle
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any, Final

_LOST: Final = (OSError, EOFError)


class Channel:
    """One end of a connected socket. Sending never waits: a thread does it, another receives.

    `encode` makes messages of what was sent, in that thread. `receive` gets each message;
    `when_ended` is called once, when the other end is gone or the channel was closed.
    """

    def __init__(
        self,
        end: socket.socket,
        receive: Callable[[Any], None],
        when_ended: Callable[[], None],
        encode: Callable[[Any], bytes],
    ) -> None:
        self._connection = Connection(end.detach())
        self._receive = receive
        self._when_ended = when_ended
        self._encode = encode
        self._queue: deque[Any] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._sender = threading.Thread(target=self._send_all, name="offerd-send", daemon=True)
        self._receiver = threading.Thread(target=self._receive_all, name="offerd-get", daemon=True)

    def start(self) -> None:
        """Begins to send and to receive."""
        self._sender.start()
        self._receiver.start()

    def send(self, item: Any) -> None:
        """Has something sent after all before it; of no effect once the other end is gone."""
        with self._wake:
            self._queue.append(item)
            self._wake.notify()

    def close(self) -> None:
        """Sends what waits, and ends. Safe to call twice, and from any thread but its own."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._sender.join()
        self._receiver.join()

    def _send_all(self) -> None:
        try:
            while items := self._next():
                self._connection.send_bytes(pickle.dumps([self._encode(item) for item in items]))
        except _LOST:
            pass  # the receiver finds that out too, and tells
        finally:
            # Wakes the receiver here, and tells the other end.
            with socket.socket(fileno=self._connection.fileno()) as end:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                finally:
                    end.detach()

    def _next(self) -> list[Any]:
        """Waits for something to send; nothing means that there will be nothing."""
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._closing)
            items = list(self._queue)
            self._queue.clear()
            return items

    def _receive_all(self) -> None:
        try:
            while True:
                for message in self._messages():
                    self._receive(pickle.loads(message))  # noqa: S301 - of this program
        except _LOST:
            pass
        finally:
            with self._wake:
                self._closing = True
                self._wake.notify()
            self._sender.join()
            self._connection.close()
            self._when_ended()

    def _messages(self) -> Iterable[bytes]:
        found: list[bytes] = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - likewise
        return found
