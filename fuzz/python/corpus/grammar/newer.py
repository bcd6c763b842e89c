type X = int
type Y[T, *Ts, **P] = dict[T, P]
def f[T: (int, str) = int, *Ts = *tuple[int], **P = [int]](a: T) -> T: pass
class A[T](B): pass
class C[T]: pass
x = f"{f"{f'{1}'}"}" f"{'\n'}" f"{a!r:{b:{c}}}" f"{x # comment
}"
t = t"a{b!r:>{c}}" rt'{d}'
try: pass
except A, B: pass
