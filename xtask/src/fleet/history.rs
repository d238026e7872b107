//! Lets DuckDB and Polars read the tables of a history, with the queries of HISTORY.md.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Parts;
use crate::steps::{Result, run, workspace};

/// The packages, from PyPI.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "polars==2.1.0"];

/// Compares what the engines find with the sizes of processes that `psoxide ps --at` shows: `FOLDER PSOXIDE HISTORY.md`.
const SCRIPT: &str = r#"
import json, subprocess, sys
import duckdb, polars

folder, psoxide, documentation = sys.argv[1:]
tables = f"{folder}/fleet/*/"
shown = subprocess.run([psoxide, "ps", "--at", "now", "--json", "--columns", "pid,name,rss,status"],
                       env={"PSOXIDE_HISTORY": folder}, stdout=subprocess.PIPE, check=True).stdout
rows = json.loads(shown)["rows"]
wanted = {(row["pid"], row["name"], row["rss"], row["status"]) for row in rows}
join = "SELECT pid, name, memory_info_rss, status FROM {0} s JOIN {1} p USING (host, process, pid)"
last = "WHERE s.time = (SELECT max(time) FROM {0})"
samples, processes = f"'{tables}samples.parquet'", f"'{tables}processes.parquet'"
found = set(duckdb.sql(f"{join} {last}".format(samples, processes)).fetchall())
assert found == wanted, found ^ wanted
frame = polars.read_parquet(f"{tables}samples.parquet")
facts = polars.read_parquet(f"{tables}processes.parquet")
frame = frame.filter(polars.col("time") == polars.col("time").max()).join(facts, on=["host", "process", "pid"])
found = set(frame.select("pid", "name", "memory_info_rss", "status").rows())
assert found == wanted, found ^ wanted
cmdlines = facts.select("cmdline").to_series().to_list()
assert any(isinstance(words, list) and words for words in cmdlines), cmdlines
# The documented queries, as they stand in the documentation.
text = open(documentation, encoding="utf-8").read()
queries = [part.split("```")[0] for part in text.split("```sql\n")[1:] if "/srv/history" in part.split("```")[0]]
queries = [query for query in queries if "ENGINE" not in query]
assert len(queries) == 2, queries
for query in queries:
    for table in ("samples", "processes"):
        query = query.replace(f"/srv/history/*/{table}/*.parquet", f"{tables}{table}.parquet")
    duckdb.sql(query.rstrip().rstrip(";")).fetchall()
"#;

/// Gets the engines, in at most a minute.
pub(super) fn fetch(root: &Path) -> Result {
    let folder = root.join("tables");
    if folder.join("duckdb").is_dir() && folder.join("polars").is_dir() {
        return Ok(());
    }
    let mut pip = Command::new("timeout");
    pip.args(["60", "python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(pip.args(["--only-binary", ":all:", "--upgrade", "--target"]).arg(folder).args(PACKAGES))
}

/// Records this machine, exports the tables, and reads them.
pub(super) fn tables(parts: &Parts) -> Result {
    let folder = parts.temp.join("history");
    let psoxide = |arguments: &[&str]| {
        let mut psoxide = Command::new(&parts.psoxide);
        psoxide.env("PSOXIDE_HISTORY", &folder).args(arguments);
        psoxide
    };
    run(&mut psoxide(&["record", "--count", "3", "--interval", "0.2"]))?;
    let machine = folder.join("fleet/one");
    fs::create_dir_all(&machine).map_err(|error| format!("cannot create {}: {error}", machine.display()))?;
    run(psoxide(&["history", "export", "--to", "parquet", "--output"]).arg(&machine))?;
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", workspace().join("target/fleet/tables")).args(["-c", SCRIPT]).arg(&folder);
    run(python.arg(&parts.psoxide).arg(workspace().join("crates/history/HISTORY.md")))
}
