x = a + b * -c ** ~d // e % f @ g << 1 >> 2 & 3 | 4 ^ 5
y = not a and b or not (c is not d) in e not in f
z = a if b else c if not d else lambda: e if f else g
w = lambda a, /, b=1, *c, d, e=2, **f: (yield)
v = lambda *, a: lambda b: a[b]
t = a, *b, (c, *d), [*e, f], {*g, h}, {**i, j: k, **l}
s = a[1:2, ::3, ..., *b, c:=d], a[:], a[b:], a[:c:], a[lambda: 1:2]
r = f(a, *b, c=1, *d, e=2, **g, h=3)(x for x in y)(i := 1, j)
q = [x for x, *y in z if x if not y for w in (a if b else c)]
p = {x: y for x in z for y in x if (k := y)}, {x for x in lambda_ if x}, (x for x in y)
n = 'a' "b" r'c' f'd{e!r:>{w}}' f"{a=}{b = !s:{c}{d}}{{}}", b'a' if 1 else b"\x41" b'\''
m = 1 .real, 0x1F, 0o17, 0b11, 1_000, 1e10, .5, 5., 1j, 1_0.0_1e-1_0J, None, True, ...
l = (a := 1, (b := 2)), [c := 3], {d := 4}, print(e := 5)
k = "\N{DIGIT ONE}\u0041\U00000041\x41\101\
" 'tail'
(yield_) = (a), (b,), ()
a.b[c].d(e).f = g = [h, (i, *j)] = *k, l
a: int = 1; a.b: "x"; (c): d = yield_, 1
a += b, c; a @= d; a **= e; a //= f; a >>= g; a <<= h
del a, (b, [c]), d.e, f[g]
del (a)
assert a, b
assert (a, b), "c"
