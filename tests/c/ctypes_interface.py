# SPDX-License-Identifier: MIT
"""caiman-c from Python, through ctypes alone.

Usage: ctypes_interface.py LIBRARY. Nothing is compiled for it: what a program in another language has is the
shared library, and c.h to read. Relies on: Python alone.
"""

import ctypes
import sys
import unittest
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p

FULL, TOO_LARGE, INVALID_GEOMETRY, BUFFER_FULL, BAD_RANGE, NOT_UNIQUE = 1, 2, 13, 21, 22, 23
NO_OFFSET = c_size_t(-1).value


class Buffer(ctypes.Structure):
    _fields_ = [("hidden", c_void_p * 5)]


class Bytes(ctypes.Structure):
    _fields_ = [("hidden", c_void_p * 4)]


class Options(ctypes.Structure):
    _fields_ = [("alignment", c_size_t), ("spills", c_int), ("zeroes", c_int), ("lazy", c_int)]


class Metrics(ctypes.Structure):
    _fields_ = ([(name, c_uint64) for name in "allocations_ok allocations_failed frees frozen spills splits coalesces"
                 .split()] + [(name, c_size_t) for name in "bytes_reserved bytes_live largest_free_block".split()])


RELEASE = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, c_void_p)
CALLS = {
    "caiman_error_message": (c_char_p, c_int),
    "caiman_buddy_create": (c_int, c_size_t, POINTER(c_void_p)),
    "caiman_buddy_destroy": (None, c_void_p),
    "caiman_buddy_allocate": (c_int, c_void_p, c_uint, POINTER(c_size_t)),
    "caiman_buddy_release": (None, c_void_p, c_uint, c_size_t),
    "caiman_buddy_free_min_blocks": (c_size_t, c_void_p),
    "caiman_arena_create": (c_int, c_size_t, c_size_t, POINTER(Options), POINTER(c_void_p)),
    "caiman_arena_create_in": (c_int, c_void_p, c_size_t, c_size_t, POINTER(Options), RELEASE, c_void_p,
                               POINTER(c_void_p)),
    "caiman_arena_destroy": (None, c_void_p),
    "caiman_arena_metrics": (None, c_void_p, POINTER(Metrics)),
    "caiman_arena_allocate": (c_int, c_void_p, c_size_t, POINTER(Buffer)),
    "caiman_buffer_put": (c_int, POINTER(Buffer), c_char_p, c_size_t),
    "caiman_buffer_offset": (c_size_t, POINTER(Buffer)),
    "caiman_buffer_freeze": (None, POINTER(Buffer), POINTER(Bytes)),
    "caiman_buffer_drop": (None, POINTER(Buffer)),
    "caiman_bytes_data": (c_void_p, POINTER(Bytes)),
    "caiman_bytes_size": (c_size_t, POINTER(Bytes)),
    "caiman_bytes_slice": (c_int, POINTER(Bytes), c_size_t, c_size_t, POINTER(Bytes)),
    "caiman_bytes_into_buffer": (c_int, POINTER(Bytes), POINTER(Buffer)),
    "caiman_bytes_drop": (None, POINTER(Bytes)),
}


def opened(path):
    library = ctypes.CDLL(path)
    for name, (result, *arguments) in CALLS.items():
        call = getattr(library, name)
        call.restype, call.argtypes = result, arguments
    return library


class Interface(unittest.TestCase):
    library = None

    def text(self, frozen):
        return ctypes.string_at(self.library.caiman_bytes_data(byref(frozen)),
                                self.library.caiman_bytes_size(byref(frozen)))

    def live(self, arena):
        now = Metrics()
        self.library.caiman_arena_metrics(arena, byref(now))
        return now.bytes_live

    def test_indices(self):
        c, buddy, index = self.library, c_void_p(), c_size_t()
        self.assertEqual(c.caiman_buddy_create(0, byref(buddy)), INVALID_GEOMETRY)
        self.assertIsNone(buddy.value)
        self.assertEqual(c.caiman_buddy_create(8, byref(buddy)), 0)
        self.assertEqual(c.caiman_buddy_allocate(buddy, 4, byref(index)), TOO_LARGE)
        self.assertEqual(c.caiman_buddy_allocate(buddy, 3, byref(index)), 0)
        self.assertEqual(c.caiman_buddy_allocate(buddy, 0, byref(index)), FULL)
        c.caiman_buddy_release(buddy, 3, 0)
        self.assertEqual(c.caiman_buddy_free_min_blocks(buddy), 8)
        c.caiman_buddy_destroy(buddy)

    def test_bytes_that_outlive_their_arena(self):
        c, arena, buffer, all_of_it, part = self.library, c_void_p(), Buffer(), Bytes(), Bytes()
        self.assertEqual(c.caiman_arena_create(0, 0, None, byref(arena)), INVALID_GEOMETRY)
        self.assertEqual(c.caiman_arena_create(100_000, 256, byref(Options(lazy=1)), byref(arena)), 0)
        self.assertEqual(c.caiman_arena_allocate(arena, 1 << 60, byref(buffer)), TOO_LARGE)
        self.assertEqual(c.caiman_arena_allocate(arena, 300, byref(buffer)), 0)
        self.assertEqual(self.live(arena), 512)
        self.assertEqual(c.caiman_buffer_put(byref(buffer), b"hello world", 11), 0)
        self.assertEqual(c.caiman_buffer_put(byref(buffer), b"x" * 300, 300), BUFFER_FULL)
        self.assertEqual(c.caiman_buffer_offset(byref(buffer)) % 512, 0)
        c.caiman_buffer_freeze(byref(buffer), byref(all_of_it))
        self.assertEqual(c.caiman_bytes_slice(byref(all_of_it), 6, 6, byref(part)), BAD_RANGE)
        self.assertEqual(c.caiman_bytes_slice(byref(all_of_it), 6, 5, byref(part)), 0)
        self.assertEqual(self.text(all_of_it), b"hello world")
        self.assertEqual(c.caiman_bytes_into_buffer(byref(part), byref(buffer)), NOT_UNIQUE)
        c.caiman_bytes_drop(byref(all_of_it))
        c.caiman_arena_destroy(arena)
        self.assertEqual(self.text(part), b"world")
        self.assertEqual(c.caiman_bytes_into_buffer(byref(part), byref(buffer)), 0)
        c.caiman_buffer_drop(byref(buffer))

    def test_memory_of_its_own(self):
        c, arena, buffer, seen = self.library, c_void_p(), Buffer(), []
        memory = ctypes.create_string_buffer(b"x" * 4096, 4096)
        at = ctypes.addressof(memory)
        release = RELEASE(lambda region, length, context: seen.append((region, length, context)))
        options = Options(spills=1, zeroes=1)
        self.assertEqual(c.caiman_arena_create_in(at, 4096, 64, byref(options), release, 7, byref(arena)), 0)
        self.assertEqual(c.caiman_arena_allocate(arena, 64, byref(buffer)), 0)
        self.assertEqual(c.caiman_buffer_put(byref(buffer), b"y" * 65, 65), 0)
        self.assertEqual(c.caiman_buffer_offset(byref(buffer)), NO_OFFSET)
        c.caiman_buffer_drop(byref(buffer))
        self.assertEqual((self.live(arena), seen), (0, []))
        c.caiman_arena_destroy(arena)
        self.assertEqual(seen, [(at, 4096, 7)])

    def test_errors_are_sentences(self):
        self.assertEqual(self.library.caiman_error_message(BAD_RANGE), b"the range is not inside")


if __name__ == "__main__":
    Interface.library = opened(sys.argv.pop(1))
    unittest.main()
