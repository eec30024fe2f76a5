# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Reads the pictures that a browser makes: PNG of eight bits a channel, without interlacing (RFC 2083)."""

import struct
import zlib


class Picture:
    def __init__(self, png):
        assert png[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
        place, data = 8, b""
        while place < len(png):
            length, kind = struct.unpack(">I4s", png[place:place + 8])
            body = png[place + 8:place + 8 + length]
            if kind == b"IHDR":
                self.width, self.height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", body)
                self.channels = {2: 3, 6: 4}[colours]
                assert (depth, interlaced) == (8, 0), "another kind of PNG"
            elif kind == b"IDAT":
                data += body
            place += length + 12
        self.rows = self.unfilter(zlib.decompress(data))

    def unfilter(self, data):
        rows, step = [], self.channels
        line, place = self.width * step, 0
        above = bytearray(line)
        for _ in range(self.height):
            kind, row = data[place], bytearray(data[place + 1:place + 1 + line])
            place += line + 1
            if kind == 2:
                row = bytearray((a + b) & 255 for a, b in zip(row, above))
            elif kind:
                for i in range(line):
                    left = row[i - step] if i >= step else 0
                    corner = above[i - step] if i >= step else 0
                    if kind == 1:
                        guess = left
                    elif kind == 3:
                        guess = (left + above[i]) // 2
                    else:
                        guess = min((left, above[i], corner), key=lambda one: abs(left + above[i] - corner - one))
                    row[i] = (row[i] + guess) & 255
            rows.append(row)
            above = row
        return rows

    def colours(self, left, top, right, bottom):
        """The colours in a rectangle, as (red, green, blue), with how many pixels each has."""
        found = {}
        for row in self.rows[max(0, int(top)):min(self.height, int(bottom))]:
            for x in range(max(0, int(left)), min(self.width, int(right))):
                colour = tuple(row[x * self.channels:x * self.channels + 3])
                found[colour] = found.get(colour, 0) + 1
        return found

    def main_colour(self):
        """The colour that most of some thousand places have that are spread over it."""
        found = {}
        for row in self.rows[::17]:
            for x in range(0, self.width, 13):
                colour = tuple(row[x * self.channels:x * self.channels + 3])
                found[colour] = found.get(colour, 0) + 1
        return max(found, key=found.get)
