"""psoxide.history: what `psoxide record` has written, as psutil's objects and as columns."""

import datetime
import os
import sys

import pytest

import psoxide
from psoxide import history as module

HERE = os.path.dirname(os.path.abspath(__file__))
TESTDATA = os.environ.get("PSOXIDE_TESTDATA") or os.path.join(HERE, "..", "..", "..", "testdata")
# 2026-11-28 14:00 UTC: second 0 of the made-up machine.
START = 1795874400

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a history is read on Linux only"),
    # The made-up machine has fewer figures than psutil names.
    pytest.mark.filterwarnings("ignore:.*couldn.t be determined:RuntimeWarning"),
]


@pytest.fixture
def history():
    return module.open(os.path.join(TESTDATA, "history"))


def test_a_sample_has_the_functions_of_psutil(history):
    sample = history.at(START + 3602)
    assert (sample.time, sample.host, sample.jump) == (START + 3600, "box", 0)
    assert sample.datetime == datetime.datetime(2026, 11, 28, 15, tzinfo=datetime.timezone.utc)
    assert sample.virtual_memory().available == 3600 << 20
    assert sample.boot_time() == START - 1000
    assert sample.pids() == [1, 2, 7]
    process = sample.Process(2)
    assert (process.name(), process.memory_info().rss, process.cpu_times().user) == ("p2", 3600 * 4096, 36.0)
    assert process.cmdline() == ["/bin/p2", "--password=***"]
    with pytest.raises(psoxide.AccessDenied):
        process.exe()
    with pytest.raises(psoxide.NoSuchProcess):
        sample.Process(99)
    rows = [row.info for row in sample.process_iter(["pid", "name", "io_counters"])]
    assert [(row["pid"], row["name"], row["io_counters"] is None) for row in rows] == [(1, "p1", False), (2, "p2", True), (7, "p7", False)]
    assert sample.psutil.virtual_memory() == sample.virtual_memory()
    assert "process_iter" in dir(sample)
    assert repr(sample) == "<Sample of box at 2026-11-28T15:00:00.000+00:00>"
    with pytest.raises(AttributeError):
        sample.no_such_function  # noqa: B018


def test_a_sample_that_is_dropped_leaves_nothing(history):
    before = set(sys.modules)
    sample = history.at(START + 3600)
    sample.virtual_memory()
    assert set(sys.modules) - before
    del sample
    assert set(sys.modules) - before == set()


def test_samples_follow_each_other(history):
    samples = list(history)
    assert [sample.time - START for sample in samples] == list(range(3550, 3650, 5))
    some = list(history.samples(START + 3592, START + 3605))
    assert [sample.time - START for sample in some] == [3595, 3600, 3605]
    assert history.before(some[1]).time == some[0].time and history.after(some[1]).time == some[2].time
    assert history.before(samples[0]) is None and history.after(samples[-1]) is None
    assert history.at(START) is None
    aware = datetime.datetime.fromtimestamp(START + 3600, datetime.timezone.utc)
    assert history.at(aware).sequence == some[1].sequence


def test_columns_are_what_data_frames_take(history):
    columns = history.columns()
    assert list(columns)[:4] == ["time", "process", "pid", "name"]
    assert {len(column) for column in columns.values()} == {60}
    assert columns["time"][0] == datetime.datetime.fromtimestamp(START + 3550, datetime.timezone.utc)
    assert columns["name"][:3] == ["p1", "p2", "p7"] and columns["status"][0] == "sleeping"
    assert columns["cpu_times_user"][1] == 35.5 and columns["io_counters_read_bytes"][:2] == [5 * 512, None]
    chosen = history.columns("samples", ["pid", "username", "cmdline"], START + 3600, START + 3600)
    assert chosen == {"pid": [1, 2, 7], "username": ["anna"] * 3, "cmdline": [[f"/bin/p{pid}", "--password=***"] for pid in (1, 2, 7)]}
    facts = history.columns("processes", end=START + 3595)
    assert facts["name"].count("p1") == 1 and facts["exe"] == [None] * len(facts["pid"])
    assert facts["create_time"][0] == START
    system = history.columns("system", start=START + 3645)
    rows = dict(zip(zip(system["name"], system["device"]), system["value"]))
    assert (rows["uptime", None], rows["load_average.one", None], rows["cpu_times.user", None]) == (4645.0, 0.25, 3645.0)


def test_stretches_are_listed_and_verified(history):
    for verify in (False, True):
        closed, log = history.segments(verify)
        assert (closed.samples, closed.is_log, closed.damage, closed.host) == (10, False, [], "box")
        assert (log.samples, log.is_log, log.first, log.last) == (10, True, START + 3600, START + 3645)


def test_mistakes_are_explained(history, tmp_path):
    with pytest.raises(ValueError, match="there is no column 'nope'|no column \"nope\""):
        history.columns("samples", ["nope"])
    with pytest.raises(ValueError, match="the tables are samples, processes and system"):
        history.columns("nope")
    with pytest.raises(FileNotFoundError, match="no history is recorded here"):
        module.open(tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        module.open(tmp_path / "nope")
    assert error.value.filename == str(tmp_path / "nope")
