//! Manual pages, written from the definitions that the help is made of.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, Args, Command};

use super::{ALL, Entry, FILTER_HELP, Subcommand, global};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Man {
    /// Write the page of this command (default: that of psoxide)
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write all pages to this directory
    #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

impl Subcommand for Man {
    const NAME: &'static str = "man";
    const ABOUT: &'static str = "Manual pages, on standard output or in a directory";
    const REFUSES: global::Groups = global::EVERY;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("man | man -l -", "reads the page of psoxide"),
        ("man ps > psoxide-ps.1", "the page of psoxide ps"),
        ("man --out /usr/local/share/man/man1", "installs all pages"),
    ];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        if let Some(directory) = &self.out {
            write(directory, "psoxide.1", &main_page())?;
            for entry in ALL {
                write(directory, &format!("psoxide-{}.1", entry.name), &page(entry))?;
            }
            return Ok(true);
        }
        let text = match &self.command {
            None => main_page(),
            Some(name) => {
                let named = |entry: &&Entry| entry.name == name || entry.aliases.contains(&name.as_str());
                let entry = ALL.iter().find(named);
                page(entry.ok_or_else(|| Failure::Usage(format!("there is no command {name:?} to have a page")))?)
            }
        };
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(true)
    }
}

/// The page of `psoxide`.
fn main_page() -> String {
    let mut root = crate::command();
    root.build();
    let mut page = Page::new("psoxide", crate::ABOUT);
    page.section("SYNOPSIS");
    page.line(".B psoxide\n[\\fIOPTION\\fR]...\n[\\fICOMMAND\\fR [\\fIARGUMENT\\fR]...]");
    page.section("DESCRIPTION");
    page.paragraph(
        "Shows this machine at a glance. A command shows one side of it: processes, memory, disks, network.",
    );
    page.section("COMMANDS");
    for entry in ALL {
        let also =
            if entry.aliases.is_empty() { String::new() } else { format!(" (also {})", entry.aliases.join(", ")) };
        page.item(&format!("\\fBpsoxide\\-{}\\fR(1){also}", roff(entry.name)), entry.about);
    }
    page.options(&root);
    page.examples(crate::EXAMPLES);
    page.common();
    let pages: Vec<_> = ALL.iter().map(|entry| format!("\\fBpsoxide\\-{}\\fR(1)", roff(entry.name))).collect();
    page.section("SEE ALSO");
    page.line(&pages.join(",\n"));
    page.text
}

/// The page of a command.
fn page(entry: &Entry) -> String {
    let mut command = entry.command();
    command.build();
    let mut page = Page::new(&format!("psoxide-{}", entry.name), entry.about);
    page.section("SYNOPSIS");
    let mut synopsis = format!(".B psoxide {}\n[\\fIOPTION\\fR]...", roff(entry.name));
    for arg in command.get_positionals() {
        let name = value(arg);
        let many = if is_repeated(arg) { "..." } else { "" };
        let shown = format!("\\fI{}\\fR{many}", roff(&name));
        _ = if arg.is_required_set() { write!(synopsis, "\n{shown}") } else { write!(synopsis, "\n[{shown}]") };
    }
    page.line(&synopsis);
    page.section("DESCRIPTION");
    page.paragraph(&format!("{}.", entry.about));
    if !entry.details.is_empty() {
        page.paragraph(entry.details);
    }
    if !entry.aliases.is_empty() {
        page.paragraph(&format!("The command is also called {}.", entry.aliases.join(" or ")));
    }
    page.options(&command);
    page.paragraph("The options of every command (output, repetition, source) are in psoxide(1).");
    let columns = (entry.columns)();
    if !columns.is_empty() {
        page.section("COLUMNS");
        page.paragraph("Options name a column by its name or its heading.");
        for column in &columns {
            let heading = if column.title.is_empty() { String::new() } else { format!(" ({})", column.title) };
            page.item(&format!("\\fB{}\\fR{}", roff(column.name), roff(&heading)), column.doc.trim());
        }
        page.section("FILTERS");
        page.paragraph(&format!("Such as --filter '{}':", entry.filter));
        page.preformatted(FILTER_HELP);
    }
    page.examples(entry.examples);
    page.common();
    page.section("SEE ALSO");
    page.line("\\fBpsoxide\\fR(1)");
    page.text
}

/// A page in roff.
struct Page {
    text: String,
}

impl Page {
    fn new(name: &str, about: &str) -> Self {
        let version = concat!("psoxide ", env!("CARGO_PKG_VERSION"));
        let title = roff(&name.to_uppercase());
        let text = format!(
            ".TH \"{title}\" 1 \"\" \"{version}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
            roff(name),
            roff(about)
        );
        Self { text }
    }

    fn line(&mut self, roff: &str) {
        self.text.push_str(roff);
        self.text.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line(&format!(".SH {title}"));
    }

    fn paragraph(&mut self, text: &str) {
        self.line(&format!(".PP\n{}", roff(text)));
    }

    /// A term, which is roff, and its explanation.
    fn item(&mut self, term: &str, explanation: &str) {
        self.line(&format!(".TP\n{term}\n{}", roff(explanation)));
    }

    /// Lines that stay as they are.
    fn preformatted(&mut self, text: &str) {
        self.line(".PP\n.nf");
        for line in text.lines() {
            self.line(&roff(line));
        }
        self.line(".fi");
    }

    fn options(&mut self, command: &Command) {
        self.section("OPTIONS");
        let shown = |arg: &&Arg| !arg.is_hide_set() && !arg.is_positional();
        for arg in command.get_positionals() {
            let explanation = explained(arg);
            self.item(&format!("\\fI{}\\fR", roff(&value(arg))), &explanation);
        }
        let mut headings: Vec<Option<&str>> = Vec::new();
        for arg in command.get_arguments().filter(shown) {
            if !headings.contains(&arg.get_help_heading()) {
                headings.push(arg.get_help_heading());
            }
        }
        for heading in headings {
            if let Some(heading) = heading {
                self.line(&format!(".SS {heading}"));
            }
            for arg in command.get_arguments().filter(shown).filter(|arg| arg.get_help_heading() == heading) {
                let short = arg.get_short().map(|short| format!("\\fB\\-{short}\\fR"));
                let long = arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", roff(long)));
                let names: Vec<_> = short.into_iter().chain(long).collect();
                let takes = arg.get_action().takes_values();
                let value = if takes { format!(" \\fI{}\\fR", roff(&value(arg))) } else { String::new() };
                self.item(&format!("{}{value}", names.join(", ")), &explained(arg));
            }
        }
    }

    fn examples(&mut self, examples: &[(&str, &str)]) {
        self.section("EXAMPLES");
        for (args, explanation) in examples {
            self.item(&format!("\\fB{}\\fR", roff(format!("psoxide {args}").trim_end())), explanation);
        }
    }

    fn common(&mut self) {
        self.section("EXIT STATUS");
        let codes =
            ["Success.", "Nothing matched, or failure.", "Wrong usage.", "Permission denied.", "No such process."];
        for (code, meaning) in codes.iter().enumerate() {
            self.item(&format!("\\fB{code}\\fR"), meaning);
        }
        self.section("ENVIRONMENT");
        for (name, meaning) in [
            ("PSOXIDE_CONFIG", "The configuration file, if --config does not name one."),
            ("PSOXIDE_BACKEND", "The backend of readings: auto, proc or bpf."),
            ("PSOXIDE_PAGER, PAGER", "The pager for long output on a terminal; empty for none."),
            ("NO_COLOR", "If set, output has no colours unless --color says otherwise."),
            ("LC_ALL, LC_CTYPE, LANG", "Output is ASCII if the locale is not UTF-8."),
            ("TZ", "The time zone."),
        ] {
            self.item(&format!("\\fB{}\\fR", roff(name)), meaning);
        }
        self.section("FILES");
        self.item(
            "\\fI$XDG_CONFIG_HOME/psoxide/config.toml\\fR, \\fI~/.config/psoxide/config.toml\\fR",
            "The configuration.",
        );
    }
}

fn explained(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let takes = arg.get_action().takes_values();
    if takes && !default.is_empty() { format!("{help} (default: {})", default.join(", ")) } else { help }
}

/// The placeholder of an argument's value.
fn value(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string)
}

fn is_repeated(arg: &Arg) -> bool {
    matches!(arg.get_action(), clap::ArgAction::Append)
}

/// Text in roff: nothing in it is a request or an escape.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('…', "...").replace('°', "\\(de");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = directory.join(name);
    fs::write(&path, text).map_err(|error| Failure::Other(format!("cannot write {}: {error}", path.display())))
}
