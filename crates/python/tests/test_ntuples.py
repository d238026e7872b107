"""The named tuples are what collections.namedtuple makes."""

import collections
import copy
import inspect
import json
import pickle

import pytest

from psoxide import _ntuples

CLASSES = [value for value in vars(_ntuples).values() if isinstance(value, type)]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_like_a_namedtuple(cls):
    model = collections.namedtuple(cls.__name__, cls._fields)
    values = range(len(cls._fields))
    made, expected = cls(*values), model(*values)
    assert made == expected == tuple(values) and hash(made) == hash(expected)
    assert repr(made) == repr(expected)
    assert made._asdict() == expected._asdict()
    assert json.dumps(made) == json.dumps(expected)
    assert cls.__bases__ == (tuple,)
    assert inspect.signature(cls) == inspect.signature(model)
    assert made._fields == model._fields and cls.__match_args__ == model._fields
    assert cls._field_defaults == {}
    assert not hasattr(made, "__dict__")
    for place, name in enumerate(cls._fields):
        assert getattr(made, name) == place
    assert set(dir(model)) - set(dir(cls)) == set()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(made, protocol))
        assert type(again) is cls and again == made
    assert type(copy.copy(made)) is cls and copy.deepcopy(made) == made
    assert cls._make(values) == made and cls(**made._asdict()) == made
    assert made._replace(**{cls._fields[-1]: "new"})[-1] == "new"


def test_wrong_values_are_refused_as_by_a_namedtuple():
    cls = _ntuples.addr
    with pytest.raises(TypeError):
        cls("::1")
    with pytest.raises(TypeError, match="Expected 2 arguments, got 3"):
        cls._make([1, 2, 3])
    with pytest.raises((TypeError, ValueError), match="unexpected field names"):
        cls("::1", 80)._replace(host=1)
    with pytest.raises(AttributeError):
        cls("::1", 80).port = 1


def test_order_of_fields():
    fields = {cls.__name__: " ".join(cls._fields) for cls in CLASSES}
    assert fields["scputimes"] == "user nice system idle iowait irq softirq steal guest guest_nice"
    assert fields["svmem"] == "total available percent used free active inactive buffers cached shared slab"
    assert fields["pmem"] == "rss vms shared text lib data dirty"
    assert fields["pfullmem"] == fields["pmem"] + " uss pss swap"
    assert fields["sconn"] == "fd family type laddr raddr status pid" == fields["pconn"] + " pid"
    assert fields["pmmap_ext"] == "addr perms " + fields["pmmap_grouped"]
    assert fields["pionice"] == "ioclass value"
    assert len(fields) == 34
