#!/usr/bin/python3
"""Write contents that are damaged, odd or made to mislead, and their honest neighbours.

    make.py OUT [--flat]   OUT/KIND/NAME, KIND being what it must be taken for ("program", "shared", "other", "script", "bytecode", "archive", "data"), with "-damaged" where that
                           must be said; flat: OUT/KIND-NAME, seeds for a fuzzer

Each differs from an honest one in the point that its name says. Nothing here is needed beside Python itself.
"""
import io, pathlib, struct, sys, zipfile

OUT, FLAT = pathlib.Path(sys.argv[1]), "--flat" in sys.argv[2:]
LOAD, DYNAMIC, INTERP, STACK, RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
NEEDED, STRTAB, STRSZ, SONAME, RPATH, RUNPATH, FLAGS, FLAGS_1, TEXTREL, BIND_NOW = 1, 5, 10, 14, 15, 29, 30, 0x6FFFFFFB, 22, 24
PIE = 0x08000000
BASE = 0x400000


def put(kind, name, data):
    p = OUT / f"{kind}-{name}" if FLAT else OUT / kind / name
    p.parent.mkdir(parents=True, exist_ok=True)
    assert FLAT or not p.exists(), p
    p.write_bytes(data)


class Elf:
    """Header, program headers, interpreter, string table, dynamic section; every number can be another."""

    def __init__(self, wide=True, big=False, type=2, interp=b"/lib/ld.so\0", dyn=(), strings=b"\0libc.so.6\0/opt\0", shared=False, stack=6, **header):
        self.wide, self.big, self.header = wide, big, header
        if shared:
            type, interp = 3, None
        self.type, self.strings = type, strings
        eh, ph = (64, 56) if wide else (52, 32)
        n = 4 + (interp is not None)  # the last one is there to be another
        at = eh + n * ph
        body = b""
        self.ph = []
        if interp is not None:
            self.ph.append([INTERP, 4, at, BASE + at, len(interp)])
            body += interp
        self.strtab = at + len(body)
        body += strings
        body += bytes(-(at + len(body)) % 8)
        entries = [*(dyn or [(NEEDED, 1)]), (STRTAB, BASE + self.strtab), (STRSZ, len(strings)), (0, 0)]
        self.dynamic = b"".join(self.word(t) + self.word(v) for t, v in entries)
        where = at + len(body)
        body += self.dynamic
        self.ph += [[LOAD, 5, 0, BASE, at + len(body)], [DYNAMIC, 6, where, BASE + where, len(self.dynamic)], [STACK, stack, 0, 0, 0], [0, 0, 0, 0, 0]]
        self.body, self.eh, self.phsize = body, eh, ph

    def pack(self, fmt, *v):
        return struct.pack((">" if self.big else "<") + fmt, *v)

    def word(self, v):
        return self.pack("Q" if self.wide else "I", v)

    def bytes(self):
        h = dict(machine=62, phoff=self.eh, shoff=0, phentsize=self.phsize, phnum=len(self.ph), shentsize=64 if self.wide else 40, shnum=0, klass=2 if self.wide else 1,
                 data=2 if self.big else 1, version=1, osabi=0)
        h.update(self.header)
        out = b"\x7fELF" + bytes([h["klass"], h["data"], h["version"], h["osabi"]]) + bytes(8)
        out += self.pack("HHI", self.type, h["machine"], 1) + self.word(BASE) + self.word(h["phoff"]) + self.word(h["shoff"])
        out += self.pack("IHHHHHH", 0, self.eh, h["phentsize"], h["phnum"], h["shentsize"], h["shnum"], 0)
        for t, flags, offset, vaddr, filesz in self.ph:
            if self.wide:
                out += self.pack("IIQQQQQQ", t, flags, offset, vaddr, vaddr, filesz, filesz, 8)
            else:
                out += self.pack("IIIIIIII", t, offset, vaddr, vaddr, filesz, filesz, flags, 4)
        return out + self.body


def elf(kind, name, change=None, **how):
    e = Elf(**how)
    if change:
        change(e)
    put(kind, name, e.bytes())


def edit(i, field, value):
    """Program headers: 0 interpreter, 1 load, 2 dynamic, 3 stack, 4 none; 0 type, 1 flags, 2 offset, 3 vaddr, 4 filesz."""

    def change(e):
        e.ph[i][field] = value(e.ph[i][field]) if callable(value) else value

    return change


def more(header):
    def change(e):
        e.ph[4] = e.ph[header] if isinstance(header, int) else header

    return change


def honest():
    elf("program", "honest")
    elf("program", "honest-32", wide=False, machine=3)
    elf("program", "honest-big", big=True, machine=22)
    elf("program", "honest-32-big", wide=False, big=True, machine=8)
    elf("shared", "honest", shared=True)
    elf("shared", "with-interpreter-and-soname", type=3, dyn=[(SONAME, 1)])
    elf("program", "with-interpreter-and-no-soname", type=3)
    elf("program", "static-pie", shared=True, dyn=[(FLAGS_1, PIE)])
    elf("program", "no-dynamic-section", edit(2, 0, 0))
    elf("program", "runpath", dyn=[(NEEDED, 1), (RUNPATH, 11)])
    # flag-X.how: X must be said of it; noflag-X.how: must not
    elf("program", "flag-bind-now.by-flags", dyn=[(FLAGS, 8)])
    elf("program", "flag-bind-now.by-flags-1", dyn=[(FLAGS_1, 1)])
    elf("program", "flag-bind-now.by-a-tag", dyn=[(BIND_NOW, 0)])
    elf("program", "noflag-bind-now.other-flags", dyn=[(FLAGS, 2), (FLAGS_1, 2)])
    elf("program", "flag-textrel.by-flags", dyn=[(FLAGS, 4)])
    elf("program", "flag-textrel.by-a-tag", dyn=[(TEXTREL, 0)])
    elf("program", "noflag-textrel.honest", dyn=[(FLAGS, 0)])
    elf("program", "flag-execstack.said", stack=7)
    elf("program", "flag-execstack.nothing-said", edit(3, 0, 0))
    elf("program", "noflag-execstack.honest")
    elf("program", "flag-static.alone", edit(0, 0, 0), dyn=[(FLAGS, 0)])
    elf("program", "noflag-static.interpreter", dyn=[(FLAGS, 0)])
    elf("program", "noflag-static.library", edit(0, 0, 0))
    elf("program", "flag-relro.by-a-header", more([RELRO, 4, 0, BASE, 64]))
    elf("program", "noflag-relro.honest", more([0, 4, 0, BASE, 64]))
    elf("program", "flag-writable-code.one-of-two", more([LOAD, 7, 0, BASE + 0x10000, 64]))
    elf("program", "noflag-writable-code.two", more([LOAD, 6, 0, BASE + 0x10000, 64]))
    elf("program", "flag-rpath.old", dyn=[(RPATH, 11)])
    elf("program", "noflag-rpath.new", dyn=[(RUNPATH, 11)])
    elf("other", "relocatable", type=1, phnum=0)
    elf("other", "core", type=4)
    elf("other", "of-an-unknown-type", type=0xfe00)
    elf("other", "other-byte-order-than-it-says", data=2)
    elf("bytecode", "guile", osabi=255, machine=0, shared=True)


def damaged_headers():
    good = Elf().bytes()
    for n in (4, 5, 15, 16, 17, 40, 63):
        put("other-damaged", f"header-of-{n}-bytes", good[:n])
    elf("other-damaged", "class-0", klass=0)
    elf("other-damaged", "class-3", klass=3)
    elf("other-damaged", "byte-order-0", data=0)
    elf("other-damaged", "byte-order-3", data=3)
    elf("other-damaged", "version-0", version=0)
    elf("other-damaged", "no-program-headers", phnum=0)
    elf("other-damaged", "65535-program-headers", phnum=65535)
    elf("other-damaged", "more-program-headers-than-bytes", phnum=100)
    elf("other-damaged", "program-headers-behind-the-end", phoff=1 << 40)
    elf("other-damaged", "program-headers-that-wrap", phoff=(1 << 64) - 8)
    elf("other-damaged", "program-headers-of-size-0", phentsize=0)
    elf("other-damaged", "program-headers-of-another-size", phentsize=32)
    put("other-damaged", "cut-in-the-program-headers", good[:100])


def damaged_segments():
    elf("program-damaged", "load-behind-the-end", edit(1, 4, 1 << 20))
    elf("program-damaged", "load-that-wraps", edit(1, 2, (1 << 64) - 4096))
    elf("program-damaged", "load-with-all-of-memory", edit(1, 4, (1 << 64) - 1))
    elf("program-damaged", "loads-not-in-order", more([LOAD, 4, 0, 0x1000, 16]))
    elf("program-damaged", "address-that-wraps", more([LOAD, 4, 0, (1 << 64) - 8, 16]))
    elf("program-damaged", "two-interpreters", more(0))
    elf("program-damaged", "two-stacks", more([STACK, 7, 0, 0, 0]))
    elf("program-damaged", "two-dynamic-sections", more(2))
    elf("program-damaged", "interpreter-behind-the-end", edit(0, 2, 1 << 30))
    elf("program-damaged", "interpreter-of-no-bytes", edit(0, 4, 0))
    elf("program-damaged", "interpreter-too-long", edit(0, 4, 1 << 20))
    elf("program-damaged", "interpreter-without-end", interp=b"/lib/ld.so")
    put("program-damaged", "cut-in-the-middle", Elf().bytes()[:380])


def damaged_dynamic():
    elf("program-damaged", "dynamic-at-another-address", edit(2, 3, lambda v: v + 8))
    elf("program-damaged", "dynamic-at-another-offset", edit(2, 2, 0))
    elf("program-damaged", "dynamic-at-no-address", edit(2, 3, 0))
    elf("program-damaged", "dynamic-of-no-bytes", edit(2, 4, 0))
    elf("program-damaged", "dynamic-without-end", edit(2, 4, 16))
    elf("program-damaged", "dynamic-longer-than-the-file", edit(2, 4, 1 << 40))
    elf("program-damaged", "strings-behind-the-end", dyn=[(NEEDED, 1), (STRSZ, 1 << 30), (STRTAB, BASE), (0, 0)])
    elf("program-damaged", "strings-at-no-address", dyn=[(NEEDED, 1), (STRTAB, 16), (STRSZ, 10), (0, 0)])
    elf("program-damaged", "strings-of-all-of-memory", dyn=[(NEEDED, 1), (STRTAB, BASE + 8), (STRSZ, (1 << 64) - 1), (0, 0)])
    elf("program-damaged", "no-strings", dyn=[(NEEDED, 1), (0, 0)])
    elf("program-damaged", "name-behind-the-strings", dyn=[(NEEDED, 1 << 20)])
    elf("program-damaged", "name-before-the-strings", dyn=[(NEEDED, (1 << 64) - 5)])
    elf("program-damaged", "name-without-end", strings=b"\0libc.so.6")
    elf("program-damaged", "more-names-than-anyone-needs", dyn=[(NEEDED, 1)] * 5000)
    elf("program-damaged", "a-runpath-too-long", strings=b"\0libc.so.6\0" + b"/x:" * 3000 + b"\0", dyn=[(RUNPATH, 11)])
    # These are fine: nobody needs sections, or reads what lies beyond.
    elf("program", "sections-behind-the-end", shoff=1 << 50, shnum=40)
    elf("program", "65535-sections", shoff=64, shnum=65535)
    elf("program", "sections-of-another-size", shoff=64, shnum=2, shentsize=63)


def symtab():
    """A static program whose section headers point anywhere."""
    for name, link, offset, size in (("nowhere", 1 << 31, 0, 0), ("itself", 0, 0, 1 << 60), ("behind-the-end", 1, 1 << 40, 100), ("all-of-memory", 1, (1 << 64) - 64, 128)):
        e = Elf(interp=None)
        e.ph[1][0] = 0
        at = e.eh + len(e.ph) * e.phsize + len(e.body)
        e.header.update(shoff=at, shnum=2)
        section = lambda type, offset, size, link: e.pack("IIQQQQIIQQ", 0, type, 0, 0, offset, size, link, 0, 0, 0)
        e.body += section(2, 0, 0, link) + section(3, offset, size, 0)
        if link == 0:
            e.body = e.body[:-128] + section(2, offset, size, 0) + section(3, 0, 0, 0)
        put("program", f"symbols-{name}", e.bytes())


def zips():
    def make(*names):
        b = io.BytesIO()
        with zipfile.ZipFile(b, "w") as z:
            for n in names:
                z.writestr(zipfile.ZipInfo(n), "x")
        return bytearray(b.getvalue())

    put("archive", "jar", make("META-INF/MANIFEST.MF"))
    put("archive", "wheel", make("a.txt", "p/__init__.py"))
    put("data", "zip", make("a.txt", "b.png"))
    put("data", "zip-empty", make())
    put("archive-damaged", "zip-head-alone", b"PK\3\4")
    put("archive-damaged", "zip-end-alone-and-short", b"PK\5\6")
    for name, at, value in (("directory-behind-the-end", -6, 1 << 30), ("directory-too-short", -10, 10), ("directory-elsewhere", -6, 0)):
        z = make("a.txt", "b.png")
        struct.pack_into("<I", z, len(z) + at, value)
        put("archive-damaged", "zip-" + name, z)
    z = make("a.txt")
    struct.pack_into("<H", z, len(z) - 12, 60000)
    put("archive-damaged", "zip-more-entries-than-there-are", z)
    z = make("a.txt")
    struct.pack_into("<H", z, z.index(b"PK\1\2") + 28, 65535)
    put("archive-damaged", "zip-name-longer-than-all", z)
    put("archive-damaged", "zip-bytes-behind-it", make("a.txt") + b"x")
    z = make("a.txt")
    struct.pack_into("<I", z, len(z) - 6, 0xFFFFFFFF)
    put("archive", "zip64-that-nobody-looks-into", z)


def others():
    put("data", "empty", b"")
    put("data", "one-byte", b"\x7f")
    put("data", "three-bytes-of-elf", b"\x7fEL")
    put("data", "python-magic-alone", b"\xa7\r\r\n")
    put("data", "dashes", b"-" * 5000)
    put("data", "begins", b"-----BEGIN " * 500)
    put("data", "one-anchor-after-the-other", b"ghp_AKIASG.eyJhSKa0machine http://password=" * 200)
    put("script", "honest", b"#!/bin/sh\n")
    put("script", "without-a-program", b"#!\n")
    put("script-damaged", "too-long", b"#!/" + b"a" * 300)


for part in (honest, damaged_headers, damaged_segments, damaged_dynamic, symtab, zips, others):
    part()
