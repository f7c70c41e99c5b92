# SPDX-License-Identifier: MIT
"""The table of ci/matrix: its cells, and what is built and run in them.

What is not here is not tried: g++ 13 and later, clang 17 and 18, none of which Debian 12 has; clang 16 over
libstdc++ 12, which has no <expected> for a clang before 19. Relies on: nothing.
"""

import dataclasses

STRICT = ("-Wall", "-Wextra", "-pthread")
# Of libraries that are headers alone, or can be: nothing is linked that was compiled for another cell.
HEADERS = ("catch2", "fmt", "CLI", "nlohmann", "asio", "asio.hpp")
TEST_FLAGS = ("-DFMT_HEADER_ONLY", "-DASIO_STANDALONE")
# Each a program of its own.
APART = ("metadata_test.cpp", "arena_heap_test.cpp", "offset_heap_test.cpp", "seccomp_test.cpp")

ALL = ("consumers", "unit")
# Program, what it must say, arguments.
STRESS = (
    ("hammer", "", "--mode", "uniform", "--threads", "4", "--max-order", "8", "--log2-fanout", "2", "--pop", "announced",
     "--seconds", "3"),
    ("hammer", "", "--mode", "pressure", "--threads", "4", "--max-order", "12", "--pop", "shipped", "--seconds", "3"),
    ("hammer", "", "--mode", "burst", "--threads", "3", "--max-order", "7", "--log2-fanout", "2", "--pop", "tree",
     "--seconds", "3"),
    ("waiters", "", "--mode", "storm", "--policy", "fair", "--threads", "4", "--seconds", "2"),
    ("waiters", "", "--mode", "queue", "--policy", "fifo", "--threads", "4", "--seconds", "2"),
    ("freeze", "", "--log2-fanout", "2", "--max-order", "9", "--moving", "1", "--points", "10"),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    name: str
    compiler: tuple
    flags: tuple = ()
    parts: tuple = ALL
    runner: tuple = ()
    link: tuple = ()
    filters: tuple = ()  # which of the unit tests: of Catch2
    leaves_out: tuple = ()  # of APART
    more_sources: tuple = ()  # in every program
    c_compiler: tuple = ("cc",)
    posix: bool = False
    standard: str = "-std=c++23"
    # Packages of Debian that are unpacked beside the cell, for which of its processors; UNPACKED is where, in words.
    packages: tuple = ()
    processor: str = ""
    libraries: tuple = ()  # where its programs, and the compiler, look for shared ones


def host(compiler, tag, flags, parts=ALL, **more):
    return Cell(f"{tag}{''.join(flags)}", compiler, flags, parts, **more)


GCC, CLANG = ("g++",), ("clang++-19",)
LIBCXX = (*CLANG, "-stdlib=libc++")
LIBCXX_FULL = (*LIBCXX, "-fexperimental-library")  # with std::stop_token, which the tests want
LEVELS = (("-O0",), ("-O1",), ("-O2",), ("-O3",), ("-O2", "-march=native"))
# Catch2 throws, so the unit suite is not compiled without exceptions.
DIALECTS = (("-O2", "-fno-exceptions"), ("-O2", "-fno-rtti"), ("-O2", "-fno-exceptions", "-fno-rtti"))
# What systems give their compilers, or their packages, by default: Debian, Fedora, Ubuntu, Gentoo.
HARDENED = ("-O2", "-D_FORTIFY_SOURCE=2", "-D_GLIBCXX_ASSERTIONS", "-fstack-protector-strong", "-fstack-clash-protection",
            "-fcf-protection", "-ftrivial-auto-var-init=pattern", "-fPIE")
LIBCXX_HARDENED = ("-O2", "-D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_DEBUG")
# KERNEL is a folder with the headers of Linux, LIBSTDCXX says where the libraries of g++ are: ci/matrix puts them in.
# Debian has musl, and no C++ library over it: that of g++, with the names that musl lacks.
MUSL = ("g++", "-specs", "/usr/lib/x86_64-linux-musl/musl-gcc.specs", "-isystem", "/usr/include/c++/12", "-isystem",
        "/usr/include/x86_64-linux-gnu/c++/12", "-isystem", "/usr/include/x86_64-linux-musl", "-idirafter", "KERNEL",
        "-include", "tests/ports/musl.hpp")


# Two versions of libc++ cannot be installed beside each other.
LLVM_16 = tuple(f"{name}16{rest}" for name, rest in (
    ("clang-", ""), ("libclang-common-", "-dev"), ("libclang-cpp", ""), ("libllvm", ""), ("libc++-", "-dev"),
    ("libc++1-", ""), ("libc++abi-", "-dev"), ("libc++abi1-", ""), ("libunwind-", "-dev"), ("libunwind-", "")))


def libcxx_16(*flags):
    """Compiler and library of Debian 12; the tests want std::stop_token, which this library has not."""
    return Cell("libc++16" + "".join(flags), ("UNPACKED/usr/lib/llvm-16/bin/clang++", "-stdlib=libc++"), flags,
                ("consumers",), link=("-LUNPACKED/usr/lib/llvm-16/lib",), packages=LLVM_16, processor="amd64",
                libraries=("UNPACKED/usr/lib/x86_64-linux-gnu", "UNPACKED/usr/lib/llvm-16/lib"),
                standard="-std=c++2b")


def emulated(name, triplet, machine, flags, parts=(*ALL, "stress"), **more):
    # What an emulator does otherwise than a kernel: it takes no filter of system calls, it does not hold a
    # process to a limit of its memory, and /proc/self/smaps is that of the emulator.
    return Cell(name, (f"{triplet}-g++",), flags, parts, (f"qemu-{machine}", "-L", f"/usr/{triplet}"),
                filters=("~[needs-kernel]",), leaves_out=("seccomp_test.cpp",), **more)


def arm64(name, *flags):
    return emulated(name, "aarch64-linux-gnu", "aarch64", ("-O1", *flags), (*ALL, "property", "stress"),
                    packages=("librapidcheck-dev",), processor="arm64")


def posix(name, compiler):
    # No page goes back there, none is huge, and there is no fence that other threads pay for.
    return Cell(name, compiler, ("-O1", "-DCAIMAN_OS_POSIX"), filters=("~[pages]~[huge]~[membarrier]",), posix=True,
                leaves_out=("seccomp_test.cpp",))


CELLS = (
    *[host(GCC, "g++", flags) for flags in LEVELS],
    host(GCC, "g++", ("-O2", "-flto")),
    *[host(GCC, "g++", flags, ("consumers",)) for flags in DIALECTS],
    *[host(CLANG, "clang++-19", flags) for flags in LEVELS],
    host(CLANG, "clang++-19", ("-O2", "-flto")),
    *[host(CLANG, "clang++-19", flags, ("consumers",)) for flags in DIALECTS],
    *[host(LIBCXX_FULL, "libc++19", flags) for flags in LEVELS],
    host(LIBCXX, "libc++19-plain", ("-O2",), ("consumers",)),
    *[host(LIBCXX, "libc++19", flags, ("consumers",)) for flags in DIALECTS],
    Cell("g++-hardened", GCC, HARDENED, (*ALL, "stress")),
    Cell("clang++-19-hardened", CLANG, HARDENED, (*ALL, "stress")),
    Cell("g++-debug-mode", GCC, ("-O1", "-D_GLIBCXX_DEBUG"), (*ALL, "stress"), filters=("~[no-range]",)),
    Cell("libc++19-debug-mode", LIBCXX_FULL, LIBCXX_HARDENED, filters=("~[no-range]",)),
    posix("posix", GCC),
    posix("posix-libc++19", LIBCXX_FULL),
    Cell("musl", MUSL, ("-O2",), ("consumers",), link=("-static", "LIBSTDCXX", "-lstdc++", "-lgcc_eh"),
         more_sources=("tests/ports/musl.c",), c_compiler=("musl-gcc",)),
    *[libcxx_16(level) for level in ("-O0", "-O2")],
    *[libcxx_16("-O2", switch) for switch in ("-fno-exceptions", "-fno-rtti")],
    arm64("arm64", "-march=armv8-a", "-mno-outline-atomics"),
    arm64("arm64-lse", "-march=armv8.1-a+lse"),
    emulated("riscv64", "riscv64-linux-gnu", "riscv64", ("-O1",)),
)
# What ci/test builds and runs of it: the corners that its other steps do not come to.
TENTH = ("libc++19-plain-O2", "musl", "arm64-lse", "g++-O2-flto")
