"""A headless Chromium that does what it is told (DevTools protocol, over a socket), and keeps what it complains of.

Does not know what is on a page.
"""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import tempfile
from types import TracebackType
from typing import Any, Self

WITHIN_S = 120
_AT_ONCE = 1 << 20
_END = b"\0"
_COMPLAINTS = {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"}


class Chromium:
    """One browser with one page, for a `with` block. `complaints` are the events of console, script and policy."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="ekinerja-browser-", ignore_cleanup_errors=True)
        self._talk, its_end = socket.socketpair()
        self._talk.settimeout(WITHIN_S)
        end = its_end.fileno()
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
        profile = f"--user-data-dir={self._profile.name}"
        self._process = subprocess.Popen(
            # --remote-debugging-pipe reads descriptor 3 and writes descriptor 4
            ["bash", "-c", f'exec "$@" 3<&{end} 4>&{end}', "-", program, *options, profile, "--remote-debugging-pipe"],
            pass_fds=[end],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        its_end.close()
        self._number, self._rest, self._session = 0, b"", ""
        self._loaded, self._url = False, ""
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{domain}.enable")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._talk.close()
        self._profile.cleanup()

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Given a command, return its result. Raise AssertionError for its error."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._talk.sendall(json.dumps(command).encode() + _END)
        while (message := self._next()).get("id") != self._number:
            pass
        assert "error" not in message, f"{method}: {message['error']}"
        result: dict[str, Any] = message["result"]
        return result

    def open(self, url: str, width: int, height: int) -> None:
        """Given an address and the size of the window, show the page until it is loaded."""
        self.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < height
        )
        self._loaded, self._url = False, url
        self.tell("Page.navigate", url=url)
        while not self._loaded:
            self._next()

    def run(self, script: str) -> Any:
        """Given JavaScript, return what its promise or value is. The page's policy does not bind it."""
        told = self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self.tell("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _next(self) -> dict[str, Any]:
        while _END not in self._rest:
            came = self._talk.recv(_AT_ONCE)
            assert came, "the browser ended"
            self._rest += came
        text, _, self._rest = self._rest.partition(_END)
        message: dict[str, Any] = json.loads(text)
        self._loaded |= message.get("method") == "Page.loadEventFired"
        entry = message.get("params", {}).get("entry", {})
        is_its_status = (entry.get("source"), entry.get("url")) == ("network", self._url)
        if message.get("method") in _COMPLAINTS and not is_its_status:
            self.complaints.append(json.dumps(message["params"])[:500])
        return message
