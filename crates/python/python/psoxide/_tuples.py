"""Makes named tuples without importing `collections` and without compiling code for each class."""

import sys

try:
    from _collections import _tuplegetter as _getter
except ImportError:  # not CPython

    def _getter(place, doc):
        return property(lambda self: self[place], doc=doc)


new = tuple.__new__


def _make(cls, iterable):
    """Makes a tuple from a sequence or iterable."""
    made = new(cls, iterable)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _replace(self, /, **kwds):
    """Returns a copy in which the named fields have other values."""
    made = self._make(map(kwds.pop, self._fields, self))
    if kwds:
        raise ValueError(f"Got unexpected field names: {list(kwds)!r}")
    return made


def _asdict(self):
    """Returns a dict of the fields by name."""
    return dict(zip(self._fields, self))


def __repr__(self):
    fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
    return f"{self.__class__.__name__}({fields})"


def __getnewargs__(self):
    """Returns the arguments that copying and unpickling pass to `__new__`."""
    return tuple(self)


def named(name, fields, make):
    """Makes a named tuple class in the calling module. `make` is its `__new__`."""
    make.__name__ = "__new__"
    make.__qualname__ = f"{name}.__new__"
    namespace = {
        "__module__": sys._getframe(1).f_globals["__name__"],
        "__doc__": f"{name}({', '.join(fields)})",
        "__slots__": (),
        "_fields": fields,
        "_field_defaults": {},
        "__match_args__": fields,
        "__new__": make,
        "_make": classmethod(_make),
        "_replace": _replace,
        "_asdict": _asdict,
        "__repr__": __repr__,
        "__getnewargs__": __getnewargs__,
    }
    if sys.version_info >= (3, 13):
        namespace["__replace__"] = _replace  # copy.replace()
    for place, field in enumerate(fields):
        namespace[field] = _getter(place, f"Alias for field number {place}")
    return type(name, (tuple,), namespace)
