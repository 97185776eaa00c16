"""A second reader of snapshot files, written from docs/snapshot-format.md alone: an oracle for the first."""

import struct

import zstandard

MAGIC, END = b"\x89RFS\r\n\x1a\n", b"RFS-END\n"
MASK = (1 << 64) - 1
NUMBERS_IN_A_BLOCK, BYTES_IN_A_BLOCK = 1 << 16, 1 << 20
SLOTS, GOLDEN = 1 << 11, 0x9E3779B9
ITEM, POSITIONS = 3, (5, 10)


class Section:
    """One entry of the directory."""

    def __init__(self, name, encoding, flags, count, raw, offset, stored, blocks, checksum):
        self.name, self.encoding, self.required = name, encoding, bool(flags & 1)
        self.count, self.raw, self.offset, self.stored = count, raw, offset, stored
        self.blocks, self.checksum = blocks, checksum


class Snapshot:
    """The sections of a file, decompressed one by one and decoded when they are asked for."""

    def __init__(self, data):
        self.data = data
        assert data[:8] == MAGIC
        self.version = struct.unpack_from("<HH", data, 8)
        offset, length, _, size, end = struct.unpack("<QIIQ8s", data[-32:])
        assert (size, end) == (len(data), END) and offset + length + 32 == size
        self.sections = {}
        (count,), at = struct.unpack_from("<I", data, offset), offset + 4
        for _ in range(count):
            name = data[at + 1 : at + 1 + data[at]].decode()
            at += 1 + data[at]
            self.sections[name] = Section(name, *struct.unpack_from("<BBQQQQII", data, at))
            at += struct.calcsize("<BBQQQQII")
        assert at == offset + length

    def raw_blocks(self, name):
        """The decompressed blocks of a section, each with its number of elements."""
        section = self.sections[name]
        at = section.offset
        for _ in range(section.blocks):
            stored, raw, elements, _ = struct.unpack_from("<IIII", self.data, at)
            payload = self.data[at + 16 : at + 16 + stored]
            yield elements, zstandard.ZstdDecompressor().decompress(payload, max_output_size=raw)
            at += 16 + stored
        assert at == section.offset + section.stored

    def decompressed(self):
        """Every byte that the file holds, as zstd was given it, and the bytes around it."""
        return self.data + b"".join(raw for name in self.sections for _, raw in self.raw_blocks(name))

    def bytes(self, name):
        """A section of bytes."""
        return b"".join(raw for _, raw in self.raw_blocks(name))

    def facts(self):
        """The facts, by key."""
        return dict(line.split("\t", 1) for line in self.bytes("facts").decode().splitlines())

    def texts(self):
        """Every text."""
        block, start, found = self.bytes("texts"), 0, []
        for end in self.numbers("text-ends"):
            found.append(block[start:end].decode())
            start = end
        return found

    def numbers(self, name):
        """A section of numbers."""
        contexts = self.contexts(name)
        found = []
        for elements, raw in self.raw_blocks(name):
            numbers = planes(raw, elements)
            part = None if contexts is None else contexts[len(found) : len(found) + elements]
            found += decode(self.sections[name].encoding, numbers, part or [0] * elements)
        return found

    def contexts(self, name):
        """What the numbers of a section are foretold by."""
        if name == "node-addresses":
            pairs = zip(self.numbers("node-types"), self.numbers("node-sizes"), strict=True)
            return [((of * 0x9E3779B1 & 0xFFFFFFFF) ^ size & 0xFFFFFFFF) & 0xFFFFFFF for of, size in pairs]
        if name == "reference-names":
            return self.numbers("reference-kinds")
        if name == "reference-targets":
            pairs = zip(self.numbers("reference-kinds"), self.numbers("reference-names"), strict=True)
            return [kind << 28 | min(of, 0xFFFFFFF) for kind, of in pairs]
        return None


def planes(raw, elements):
    """The numbers of a block in planes."""
    common, mask, shift = struct.unpack_from("<QBB", raw)
    numbers, at = [common << shift] * elements, 10
    for plane in range(8):
        if mask >> plane & 1:
            numbers = [
                number | byte << shift + 8 * plane
                for number, byte in zip(numbers, raw[at : at + elements], strict=True)
            ]
            at += elements
    assert at == len(raw)
    return numbers


def signed(number):
    """The difference that a small number stands for."""
    return number >> 1 if number & 1 == 0 else -(number + 1 >> 1)


def decode(encoding, numbers, contexts):
    """Puts the numbers of a block back."""
    if encoding == 1:
        return numbers
    if encoding == 4:
        return names(numbers, contexts)
    slots, groups, found = [(0xFFFFFFFF, 0)] * SLOTS, [0] * 16, []
    for number, context in zip(numbers, contexts, strict=True):
        slot = (context * GOLDEN & 0xFFFFFFFF) >> 21
        known, last = slots[slot]
        own = (last if known == context else groups[context >> 28]) + signed(number) & MASK
        slots[slot], groups[context >> 28] = (context, own), own
        found.append(own)
    return found


def names(numbers, kinds):
    """Names of references out of what is written of them."""
    found, key, following = [], 0, 0
    for number, kind in zip(numbers, kinds, strict=True):
        if kind == ITEM:
            own = key = key + signed(number) & 0xFFFFFFFF
            following = 0
        elif kind in POSITIONS:
            own = following + number & 0xFFFFFFFF
            following = own + 1 & 0xFFFFFFFF
        else:
            own, following = number, 0
        found.append(own)
    return found
