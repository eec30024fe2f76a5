# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Chromium without a window, spoken to by the DevTools protocol through a pair of pipes."""

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time


class Browser:
    """One browser with one page. What the page complains of and what it asks the network for is kept."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory()
        # It reads calls at descriptor 3 and writes replies to 4, each text ended by a NUL.
        theirs, self.calls = os.pipe()
        self.replies, answers = os.pipe()
        reading, writing = os.dup(theirs), os.dup(answers)
        os.close(theirs), os.close(answers)

        def place():
            # Away from 3 and 4 first, for either may be there already.
            one, two = os.dup2(reading, 60), os.dup2(writing, 61)
            os.dup2(one, 3), os.dup2(two, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=place, close_fds=False, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.profile.name})
        os.close(reading), os.close(writing)
        self.buffer, self.number, self.session = b"", 0, None
        self.complaints, self.requests = [], []
        target = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        # Its helpers end a little later, and write into the profile until then.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.profile.cleanup()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def call(self, method, **parameters):
        """Calls a method, and waits for its reply."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.calls, json.dumps(message).encode() + b"\0")
        while True:
            reply = self.next()
            if reply.get("id") == self.number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                return reply["result"]

    def next(self, patience=60):
        """The next message; those that tell of complaints and requests are noted."""
        deadline = time.monotonic() + patience
        while b"\0" not in self.buffer:
            if not select.select([self.replies], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RuntimeError("the browser says nothing")
            more = os.read(self.replies, 1 << 16)
            if not more:
                raise RuntimeError("the browser has ended")
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self.note(message.get("method"), message.get("params", {}))
        return message

    def note(self, method, told):
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(json.dumps(told["args"])[:500])
        elif method == "Log.entryAdded":
            self.complaints.append(told["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"a dialog: {told['message']}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    def open(self, address):
        self.complaints, self.requests = [], []
        self.call("Page.navigate", url=address)
        while self.next().get("method") != "Page.loadEventFired":
            pass

    def look(self, width, height, scheme="light", media=""):
        """How the page is shown from now on."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression):
        """What a JavaScript expression gives. The page's own policy doesn't bind who debugs it."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def shot(self, path=None):
        """A picture of the whole page, in PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        picture = base64.b64decode(self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})["data"])
        if path:
            with open(path, "wb") as file:
                file.write(picture)
        return picture
