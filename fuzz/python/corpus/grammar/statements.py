import os, sys as s, a.b.c as d
from . import x
from ...a.b import (c as d, e,)
from .... import f
from math import *
global g
if a: pass
elif b: x = 1; y = 2;
else: z
while a := b:
    if c: break
    elif d:
        continue
    else:
        pass
else:
    pass
for x, *y in *z, w:
    pass
else: pass
for (a, b), c.d, e[f] in g: pass
try:
    pass
except (A, B) as e:
    raise
except C:
    raise D from None
except:
    raise E(1)
else:
    pass
finally:
    pass
try: a
finally: b
try:
    pass
except* A as e:
    for x in y: break
except* (B, C): pass
with a as b, c, d as (e, *f), g as h[1]: pass
with (a as b, c as d.e,): pass
with (a, b) as c: pass
with (a), (b): pass
with (a if b else c) as d, (yield_): pass
@a.b(c)[d]
@(lambda f: f)
@x if y else z
class A(B, *C, metaclass=D, **E):
    x: int
    def f(self, a, /, b: int = 1, *args: c, d=2, **kw) -> "e":
        nonlocal_ = yield
        x = yield a, *b
        await_ = yield from (yield)
        return *a, b
    async def g(self):
        async with a as b, c: await d
        async for x in y: await x.y(z)[1] ** -await w
        return [await x async for x in y if await x], (await x for x in y)
    def h(self): return
    async def i(self):
        yield await x
class B: pass
class C(): ...
def f(*, a): pass
def f(*a: b, c=1): pass
def f(): x = 1; return x
match = case = type = _ = 1
match (a, b)
match[a] = b
match.c(d)
print(match, case)
