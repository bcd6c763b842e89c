match a, *b:
    case 1 | -2 | 3.0 + 4j | -5 - 6j | "a" "b" | b'c' | None | True | False: pass
    case a.b | a.b.c: pass
    case [a, *_, b] | (a, b, *_) if a: pass
    case (a), (b,), (), []: pass
    case {"a": 1, -1: b, a.b: c, **rest,}: pass
    case {}: pass
    case A() | a.B(1, 2, c=2, d=E(f=3),): pass
    case (1 | 2) as x, *y: pass
    case *a, b: pass
    case a, : pass
    case [*a,]: pass
    case {"x": [a, {"y": B(c=(1 | e.f) as g)}]} as h: pass
    case str(x) if (y := x): pass
    case x: pass
match -a:
    case _ if b: pass
    case _: pass
match (a):
    case b:
        match b:
            case c: pass
match match:
    case case: pass
match not a:
    case 1: pass
match [a, b]:
    case [c, d]:
        pass
match {a: b}:
    case {'c': d}: pass
match x := 1:
    case 1: pass
match lambda: 1:
    case 1: pass
