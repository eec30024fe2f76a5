# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
#
# Talks to the test service with varlink's own Python package: interop.py SOCKET
import socket
import sys

try:
    import varlink
except ImportError:
    sys.exit("the Python package varlink is missing: pip install varlink==31.0.0")

path = sys.argv[1]


def expect(actual, wanted):
    if actual != wanted:
        raise SystemExit(f"{actual!r} is not {wanted!r}")


def fails(error, call):
    try:
        call()
    except varlink.VarlinkError as e:
        expect(e.error(), error)
        return e.parameters()
    raise SystemExit(f"{error} was expected")


with varlink.Client(f"unix:{path}") as client:
    # Introspection: every interface parses, and has what its definition says.
    names = client.get_interfaces()
    expect(names, ["org.varlink.service", "org.seedsentinel.Connection", "org.example.Test"])
    interfaces = {name: client.get_interface(name) for name in names}
    expect([interface.name for interface in interfaces.values()], names)
    methods = [m for m in interfaces["org.example.Test"].members.values() if hasattr(m, "in_type")]
    expect(len(methods), 11)

    with client.open("org.varlink.service") as service:
        expect(service.GetInfo()["product"], "Test")
        expect(
            fails("org.varlink.service.InterfaceNotFound",
                  lambda: service.GetInterfaceDescription("org.example.None")),
            {"interface": "org.example.None"})

    with client.open("org.example.Test") as test:
        expect(test.Echo("grüße \u0000 😀 / \"")["text"], "grüße \u0000 😀 / \"")
        items = [{"name": "a", "size": 1, "tags": ["x", "y"]}, {"name": "b", "tags": []}]
        reply = test.Items(items)["items"]
        expect([i["name"] for i in reply], ["a", "b"])
        expect([i.get("size") for i in reply], [1, None])

        expect([r["number"] for r in test.Count(5, _more=True)], [1, 2, 3, 4, 5])
        fails("org.varlink.service.ExpectedMore", lambda: test.Count(5))

        expect(test.Add(40, _oneway=True), None)
        expect(test.Add(2, _oneway=True), None)
        expect(test.Sum()["sum"], 42)

        expect(fails("org.example.Test.Failed", lambda: test.Fail("because")), {"reason": "because"})

# A call and half a close, as nc -N does it.
with socket.socket(socket.AF_UNIX) as raw:
    raw.connect(path)
    raw.sendall(b'{"method":"org.example.Test.Echo","parameters":{"text":"raw"}}\0')
    raw.shutdown(socket.SHUT_WR)
    received = b""
    while part := raw.recv(4096):
        received += part
    expect(received, b'{"parameters":{"text":"raw"}}\0')

print("ok")
