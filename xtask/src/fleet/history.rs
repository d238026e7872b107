//! Lets DuckDB, Polars and chDB read the tables of a history with the queries of HISTORY.md, Python open it, and Prometheus
//! take it over.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Parts;
use crate::python;
use crate::steps::{Result, is_root, output_of, run, workspace};

/// The packages, from PyPI.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "polars==2.1.0"];

/// ClickHouse as a library: 51 MB, and without what it imports to convert results, which would be as large again.
const CHDB: &str = "chdb-core-lite==26.5.0";

/// Compares what the engines find with the sizes of processes that `psoxide ps --at` shows: `FOLDER PSOXIDE HISTORY.md`, and
/// the engine. FOLDER/srv holds the histories of two machines, of which this is one and `box` the other.
const SCRIPT: &str = r#"
import json, re, subprocess, sys

folder, psoxide, documentation, engine = sys.argv[1:]
shown = subprocess.run([psoxide, "ps", "--at", "now", "--json", "--columns", "pid,name,rss,status"],
                       env={"PSOXIDE_HISTORY": folder}, stdout=subprocess.PIPE, check=True).stdout
rows = json.loads(shown)["rows"]
wanted = {(row["pid"], row["name"], row["rss"], row["status"]) for row in rows}
# The documented queries, as they stand in the documentation, over this folder.
text = open(documentation, encoding="utf-8").read()
blocks = [part.split("```")[0].replace("/srv/history", f"{folder}/srv") for part in text.split("```sql\n")[1:]]
of_duckdb = [block.strip().rstrip(";") for block in blocks if "ENGINE" not in block]
[of_clickhouse] = [block for block in blocks if "ENGINE" in block]
assert len(of_duckdb) == 2, of_duckdb

def check(found):
    assert found == wanted, found ^ wanted

if engine == "duckdb":
    import duckdb, polars
    samples, processes = f"'{folder}/srv/*/samples/*.parquet'", f"'{folder}/srv/*/processes/*.parquet'"
    last = f"SELECT max(time) FROM {samples}"
    check(set(duckdb.sql(f"SELECT pid, name, memory_info_rss, status FROM {samples} s JOIN {processes} p "
                         f"USING (host, process, pid) WHERE s.time = ({last})").fetchall()))
    assert duckdb.sql(f"SELECT count(DISTINCT host) FROM {samples}").fetchall() == [(2,)]
    for query in of_duckdb:
        # The documented hour is not that of this machine.
        query = re.sub("BETWEEN '[^']*' AND '[^']*'", "BETWEEN '2000-01-01' AND '2100-01-01'", query)
        assert duckdb.sql(query).fetchall(), query
    frame = polars.read_parquet(f"{folder}/srv/*/samples/*.parquet")
    facts = polars.read_parquet(f"{folder}/srv/*/processes/*.parquet")
    frame = frame.filter(polars.col("time") == polars.col("time").max()).join(facts, on=["host", "process", "pid"])
    check(set(frame.select("pid", "name", "memory_info_rss", "status").rows()))
    cmdlines = facts.select("cmdline").to_series().to_list()
    assert any(isinstance(words, list) and words for words in cmdlines), cmdlines
elif engine == "chdb":
    # It imports pyarrow for results that nobody asks for here.
    import unittest.mock
    sys.modules["pyarrow"] = unittest.mock.MagicMock()
    from chdb import session
    session = session.Session()
    statements = [statement for statement in of_clickhouse.split(";") if statement.strip()]
    assert len(statements) == 3, statements
    results = [str(session.query(statement, "JSONCompact")) for statement in statements]
    assert len(json.loads(results[-1])["data"]) == 10, results[-1]
    assert str(session.query("SELECT count(DISTINCT host) FROM samples", "CSV")).strip() == "2"
    found = session.query(
        f"SELECT s.pid, p.name, s.memory_info_rss, s.status FROM samples s "
        f"JOIN file('{folder}/srv/*/processes/*.parquet', Parquet) p USING (host, process) "
        f"WHERE s.time = (SELECT max(time) FROM samples)", "JSONCompact")
    check({(int(pid), name, None if rss is None else int(rss), status)
           for pid, name, rss, status in json.loads(str(found))["data"]})
else:
    import polars, psoxide.history
    history = psoxide.history.open(folder)
    frame = polars.DataFrame(history.columns("samples", ["time", "pid", "name", "memory_info_rss", "status"]))
    frame = frame.filter(polars.col("time") == polars.col("time").max())
    check(set(frame.select("pid", "name", "memory_info_rss", "status").rows()))
    sample = history.at(frame["time"][0])
    assert {process.pid for process in sample.process_iter()} == {row[0] for row in wanted}
"#;

/// Gets packages of Python in at most a minute.
pub(super) fn install(folder: &Path, packages: &[&str], options: &[&str]) -> Result {
    let mut pip = Command::new("timeout");
    pip.args(["60", "python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(pip.args(["--only-binary", ":all:", "--upgrade", "--target"]).arg(folder).args(options).args(packages))
}

/// Gets DuckDB and Polars.
pub(super) fn fetch(root: &Path) -> Result {
    let folder = root.join("tables");
    if folder.join("duckdb").is_dir() && folder.join("polars").is_dir() {
        return Ok(());
    }
    install(&folder, &PACKAGES, &[])
}

/// Gets chDB.
pub(super) fn fetch_chdb(root: &Path) -> Result {
    let folder = root.join("chdb");
    if folder.join("chdb").is_dir() { Ok(()) } else { install(&folder, &[CHDB], &["--no-deps"]) }
}

/// Records this machine, and puts its tables beside those of another one. Returns the folder.
pub(super) fn record(parts: &Parts) -> Result<std::path::PathBuf> {
    let folder = parts.temp.join("history");
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    run(psoxide(parts, &folder).args(["record", "--count", "3", "--interval", "0.2"]))?;
    let exported = folder.join("exported");
    run(psoxide(parts, &folder).args(["history", "export", "--to", "parquet", "--output"]).arg(&exported))?;
    let other = workspace().join("testdata/history");
    for table in ["samples", "processes", "system"] {
        let (one, two) = (folder.join("srv/one").join(table), folder.join("srv/box").join(table));
        fs::create_dir_all(&one).map_err(fail)?;
        fs::create_dir_all(&two).map_err(fail)?;
        fs::rename(exported.join(format!("{table}.parquet")), one.join("0.parquet")).map_err(fail)?;
        for file in fs::read_dir(other.join(table)).map_err(fail)?.flatten() {
            fs::copy(file.path(), two.join(file.file_name())).map_err(fail)?;
        }
    }
    Ok(folder)
}

fn psoxide(parts: &Parts, folder: &Path) -> Command {
    let mut psoxide = Command::new(&parts.psoxide);
    psoxide.env("PSOXIDE_HISTORY", folder);
    psoxide
}

/// Reads a recorded machine with an engine whose packages are in a folder.
fn read(parts: &Parts, history: &Path, mut python: Command, packages: &str, engine: &str) -> Result {
    python.env("PYTHONPATH", workspace().join("target/fleet").join(packages)).args(["-c", SCRIPT]).arg(history);
    run(python.arg(&parts.psoxide).arg(workspace().join("crates/history/HISTORY.md")).arg(engine))
}

/// DuckDB and Polars read the tables, and Polars takes the columns of `psoxide.history`.
pub(super) fn tables(parts: &Parts, history: &Path) -> Result {
    read(parts, history, Command::new("python3"), "tables", "duckdb")?;
    read(parts, history, Command::new(python::installed(is_root()?)?), "tables", "python")
}

/// chDB reads the tables.
pub(super) fn chdb(parts: &Parts, history: &Path) -> Result {
    read(parts, history, Command::new("python3"), "chdb", "chdb")
}

/// promtool makes blocks of an export, and finds its numbers in them.
pub(super) fn backfill(parts: &Parts, history: &Path) -> Result {
    for (table, series) in [("system", "psoxide_virtual_memory_total"), ("samples", "psoxide_process_memory_info_rss")]
    {
        let (file, blocks) = (parts.temp.join(format!("{table}.om")), parts.temp.join(format!("{table}.blocks")));
        let mut export = psoxide(parts, history);
        export.args(["history", "export", "--to", "openmetrics", "--table", table, "--output"]);
        run(export.arg(&file))?;
        run(parts.program("promtool").args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&file).arg(&blocks))?;
        // promtool dumps a database, which has a write-ahead log.
        let log = blocks.join("wal");
        fs::create_dir_all(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut dump = parts.program("promtool");
        dump.args(["tsdb", "dump", "--match", &format!("{{__name__=\"{series}\"}}"), "--sandbox-dir-root"]);
        dump.arg(&parts.temp);
        let found = output_of(dump.arg(&blocks))?.lines().count();
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let written = text.lines().filter(|line| line.starts_with(&format!("{series}{{"))).count();
        if found == 0 || found != written {
            return Err(format!("promtool has {found} of {written} points of {series}"));
        }
    }
    Ok(())
}
