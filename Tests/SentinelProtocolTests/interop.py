# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
#
# Talks to a service of the helper's interface with varlink's own Python package: interop.py SOCKET
import sys

try:
    import varlink
except ImportError:
    sys.exit("the Python package varlink is missing: pip install varlink==31.0.0")

with varlink.Client(f"unix:{sys.argv[1]}") as client:
    definition = client.get_interface("org.seedsentinel.Helper")
    assert definition.name == "org.seedsentinel.Helper", definition.name
    for member in ["Submit", "Guard", "Ban", "Lift", "List", "Sets", "Explain", "Status", "Watch", "Release"]:
        assert hasattr(definition.members[member], "in_type"), member
    with client.open("org.seedsentinel.Helper") as helper:
        denial = {"check": "accept", "subject": "203.0.113.7", "reason": "flood", "validated": True}
        guarded = {"check": "dial", "subject": "tcp:127.0.0.1:1", "reason": "x", "validated": False,
                   "peer": "p", "detail": "d", "duration": 1000}
        receipts = helper.Submit([denial, guarded])["receipts"]
        assert [r["subject"] for r in receipts] == ["203.0.113.7", "tcp:127.0.0.1:1"], receipts
        assert receipts[0]["enforced"] and receipts[0].get("refusal") is None, receipts
        assert receipts[1]["refusal"]["guard"] == "loopback", receipts

        assert helper.Submit([denial], "s-1", 7)["receipts"][0]["id"] == 7
        assert helper.Guard(["203.0.113.7"])["lifted"][0]["subject"] == "203.0.113.7"

        bans = helper.List()["bans"]
        assert bans[0]["operator"] is False and bans[0].get("expires") is None, bans

        events = [reply["events"] for reply in helper.Watch(_more=True)]
        assert events[0] == [] and events[1][0]["kind"] == "lost" and events[1][0]["missed"] == 3, events

        try:
            helper.Release()
            raise SystemExit("PermissionDenied was expected")
        except varlink.VarlinkError as e:
            assert e.error() == "org.seedsentinel.Helper.PermissionDenied", e.error()
            assert e.parameters()["right"] == "operate", e.parameters()

print("ok")
