#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Compiles the headers behind other people's macros.                                      |
# | Why: Qt defines `slots` and `emit`, Windows (Wine's headers on Linux) `small` and        |
# | `min(a, b)`, X11 `None` and `Status`, and a file that includes these first hands their   |
# | macros on to us. All headers, with every name of the list below as a macro: with the     |
# | value that it has there, empty, and as something that is no C++ wherever it is expanded. |
# | The standard headers come first: they are not ours.                                     |
# | Not in the lists: what would have to be absent from C++ too (`byte`, `move`, `swap`).    |
# | Controls: a header with a name of each list must be refused.                             |
# | Relies on: g++, clang++-19.                                                             |
# | Usage: macros.sh SOURCE-ROOT                                                            |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

# Name and value as their headers have them; a name with () is called.
cat >"$work/list" <<'MACROS'
# Qt
slots
signals public
emit
foreach(v,c) for(auto&v:c)
forever for(;;)
Q_OBJECT int qt_object();
Q_SLOTS
Q_SIGNALS public
Q_EMIT
Q_UNUSED(x) (void)x;
Q_ASSERT(x) ((void)0)
QT_VERSION 0x050f08
# Windows
min(a,b) (((a)<(b))?(a):(b))
max(a,b) (((a)>(b))?(a):(b))
small char
hyper long
interface struct
near
far
pascal
cdecl
IN
OUT
OPTIONAL
CONST const
VOID void
BOOL int
TRUE 1
FALSE 0
ERROR 0
NO_ERROR 0
DELETE 0x10000
IGNORE 0
INFINITE 0xffffffff
ABSOLUTE 1
RELATIVE 2
TRANSPARENT 1
OPAQUE 2
STRICT 1
THIS
PURE =0
CALLBACK
WINAPI
NEAR
FAR
TEXT(x) x
GetObject GetObjectA
GetMessage GetMessageA
CreateWindow CreateWindowA
SendMessage SendMessageA
CreateFile CreateFileA
CreateEvent CreateEventA
LoadImage LoadImageA
DrawText DrawTextA
PlaySound PlaySoundA
GetFreeSpace(x) (0x100000L)
GetCurrentTime() GetTickCount()
Yield()
MemoryBarrier() __sync_synchronize()
YieldProcessor() __builtin_ia32_pause()
CopyMemory(d,s,n) memcpy((d),(s),(n))
MoveMemory(d,s,n) memmove((d),(s),(n))
ZeroMemory(d,n) memset((d),0,(n))
FillMemory(d,n,v) memset((d),(v),(n))
LockResource(h) ((void*)(h))
FreeResource(h) 0
LocalFree(h) 0
GlobalFree(h) 0
rad1 0x0420
chx1 0x0410
grp1 0x0430
psh1 0x0400
stc1 0x0440
lst1 0x0460
STILL_ACTIVE 0x103
# X11
None 0L
Bool int
Status int
Success 0
True 1
False 0
Always 2
WhenMapped 1
NotUseful 0
Complex 0
Nonconvex 1
Convex 2
Above 0
Below 1
Opposite 4
TopIf 2
CurrentTime 0L
AnyKey 0L
KeyPress 2
KeyRelease 3
ButtonPress 4
FocusIn 9
FocusOut 10
Expose 12
Unsorted 0
YSorted 1
GrayScale 1
StaticColor 2
TrueColor 4
DirectColor 5
CursorShape 0
TileShape 1
InputOnly 2
ParentRelative 1L
CopyFromParent 0L
NoSymbol 0L
BadRequest 1
BadValue 2
BadAccess 10
BadAlloc 11
BadLength 16
DestroyAll 0
RetainPermanent 1
# everybody else's: old Mac headers, glibc and BSD, complex.h, the debuggers of heaps, gnu++
check(x) ((void)(x))
verify(x) ((void)(x))
require(x,l) do{if(!(x))goto l;}while(0)
check_noerr(x) ((void)(x))
nil 0
major(d) gnu_dev_major(d)
minor(d) gnu_dev_minor(d)
makedev(a,b) gnu_dev_makedev(a,b)
linux 1
unix 1
I _Complex_I
complex _Complex
imaginary _Imaginary
noreturn _Noreturn
assert(x) ((void)0)
malloc(n) debug_malloc(n,__FILE__,__LINE__)
calloc(n,s) debug_calloc(n,s,__FILE__,__LINE__)
realloc(p,n) debug_realloc(p,n,__FILE__,__LINE__)
free(p) debug_free(p,__FILE__,__LINE__)
strdup(s) debug_strdup(s)
isnan(x) ((x)!=(x))
isinf(x) 0
signbit(x) 0
abs(x) ((x)<0?-(x):(x))
round(x) (x)
likely(x) __builtin_expect(!!(x),1)
unlikely(x) __builtin_expect(!!(x),0)
noinline __attribute__((noinline))
always_inline inline
unused __attribute__((unused))
packed __attribute__((packed))
MIN(a,b) (((a)<(b))?(a):(b))
MAX(a,b) (((a)>(b))?(a):(b))
roundup(x,y) ((((x)+((y)-1))/(y))*(y))
howmany(x,y) (((x)+((y)-1))/(y))
powerof2(x) ((((x)-1)&(x))==0)
setbit(a,i) 0
clrbit(a,i) 0
isset(a,i) 0
HUGE 1e38
OVERFLOW 3
UNDERFLOW 4
DOMAIN 1
PAGE_SIZE 4096
PAGESIZE 4096
ECHO 8
B0 0
LOG(x) 0
CHECK(x) ((void)(x))
ASSERT(x) ((void)(x))
FAIL() 0
YES 1
NO 0
E 2.718281828
N 10
PI 3.14159
_B 1
_C 2
_L 4
_N 8
_P 16
_S 32
_U 64
_X 128
_T(x) x
bit(b) (1UL<<(b))
sq(x) ((x)*(x))
MACROS

# How each line becomes a macro: as it is, with no value, with one that is no C++.
awk '!/^#/ { name = $1; sub(/^[^ ]+ ?/, ""); print "#undef", name; print "#define", name, $0 }' \
  "$work/list" | sed -E '/^#undef/s/\(.*//' >"$work/given.hpp"
awk '!/^#/ { print "#undef", $1; print "#define", $1 }' "$work/list" |
  sed -E '/^#undef/s/\(.*//; /^#define/s/\(.*/(...)/' >"$work/empty.hpp"
sed -E '/^#define/s/$/ @/' "$work/empty.hpp" >"$work/nonsense.hpp"
count=$(grep -vc '^#' "$work/list")
for way in given empty nonsense; do
  [[ $(grep -c '^#define' "$work/$way.hpp") == "$count" ]] || fail "$way.hpp: a macro is missing"
done

# What our headers include, and what a file that has the macros does.
find "$source_root/core/caiman" -name '*.hpp' -exec cat -- {} + |
  sed -nE 's/^#(include|elif __has_include\() *<([^>]+)>.*/\2/p' | sort -u |
  sed -E 's/.*/#if __has_include(<&>)\n#include <&>\n#endif/' >"$work/first.hpp"
grep -q '<expected>' "$work/first.hpp" || fail 'where are the standard headers?'

# behind COMPILER WAY FIRST HEADER...: whether the headers compile after FIRST and the macros.
behind() {
  local compiler=$1 way=$2 first=$3
  shift 3
  {
    printf '#include <%s>\n' "$first"
    printf '#include "%s.hpp"\n' "$way"
    printf '#include <caiman/%s>\n' "$@"
  } | "$compiler" -std=c++23 -w -I"$work" -I"$source_root/core" -fsyntax-only -x c++ -
}

# One name of each list. Which of the ways see it is in the loop.
mkdir -p "$work/caiman"
spoil() { printf '#pragma once\n%s\n' "$2" >"$work/caiman/$1.hpp"; }
spoil qt 'inline int qt(int slots) { return slots; }'
spoil windows 'inline int windows(int a, int b) { return std::max(a, b); }'
spoil x11 'enum class x11 { None };'
spoil mac 'struct mac { static void check(bool ok, const char* what); };'
spoil attribute '[[gnu::noinline]] void attribute();'
refused() {
  if behind "$1" "$2" algorithm "$3.hpp" >"$work/log" 2>&1; then fail "$1, $2: $3.hpp is taken"; fi
}

compilers=(g++ clang++-19)
mapfile -t headers < <(find "$source_root/core/caiman" -name '*.hpp' -printf '%P\n' | sort)
((${#headers[@]} > 20)) || fail 'where are the headers?'
for compiler in "${compilers[@]}"; do
  for bad in qt windows x11 mac attribute; do
    refused "$compiler" nonsense "$bad"
    [[ $bad == attribute ]] || refused "$compiler" given "$bad"
  done
  refused "$compiler" empty qt
  # What is named above is all that is wrong with them.
  behind "$compiler" given algorithm attribute.hpp || fail "$compiler takes nothing"
  for way in given empty nonsense; do
    behind "$compiler" "$way" first.hpp "${headers[@]}" || fail "$compiler, macros that are $way"
  done
done
printf '%d macros, with three kinds of value, before %d headers, with %s\n' \
  "$count" "${#headers[@]}" "${compilers[*]}"
