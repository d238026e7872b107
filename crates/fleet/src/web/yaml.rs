//! A YAML document as keys, lists and texts, without aliases: they can make a small file as large as memory.

use yaml_rust2::parser::{Event, EventReceiver, Parser};

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The keys and values; a key without a value has none.
    pub(super) fn map(&self, what: &str) -> Result<&[(String, Node)], String> {
        match self {
            Self::Map(pairs) => Ok(pairs),
            Self::Text(text) if text.is_empty() || text == "~" || text == "null" => Ok(&[]),
            _ => Err(format!("{what}: expected keys and values")),
        }
    }

    pub(super) fn text(&self, what: &str) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(format!("{what}: expected a text")),
        }
    }

    pub(super) fn flag(&self, what: &str) -> Result<bool, String> {
        match self.text(what)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("{what}: expected true or false")),
        }
    }

    pub(super) fn list(&self, what: &str) -> Result<Vec<String>, String> {
        match self {
            Self::List(items) => items.iter().map(|item| item.text(what).map(str::to_owned)).collect(),
            Self::Text(text) if text.is_empty() || text == "~" || text == "null" => Ok(Vec::new()),
            _ => Err(format!("{what}: expected a list")),
        }
    }
}

/// How deep a document may be.
const DEEPEST: usize = 16;

/// What is being built, from the outside in.
enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    document: Option<Node>,
    documents: usize,
    problem: Option<String>,
}

impl Builder {
    fn fail(&mut self, problem: impl Into<String>) {
        self.problem.get_or_insert(problem.into());
    }

    fn push(&mut self, open: Open) {
        if self.open.len() >= DEEPEST {
            self.fail("the file is too deep");
        } else {
            self.open.push(open);
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::List(items)) => self.add(Node::List(items)),
            Some(Open::Map(pairs, _)) => self.add(Node::Map(pairs)),
            None => {}
        }
    }

    fn add(&mut self, node: Node) {
        let problem = match (self.open.last_mut(), node) {
            (None, node) => {
                self.document = Some(node);
                None
            }
            (Some(Open::List(items)), node) => {
                items.push(node);
                None
            }
            (Some(Open::Map(pairs, key)), node) => match (key.take(), node) {
                (Some(key), node) => {
                    pairs.push((key, node));
                    None
                }
                (None, Node::Text(text)) if pairs.iter().any(|(known, _)| *known == text) => {
                    Some(format!("the key {text:?} is there twice"))
                }
                (None, Node::Text(text)) => {
                    *key = Some(text);
                    None
                }
                (None, _) => Some("a key is no text".to_owned()),
            },
        };
        problem.into_iter().for_each(|problem| self.fail(problem));
    }
}

impl EventReceiver for Builder {
    fn on_event(&mut self, event: Event) {
        if self.problem.is_some() {
            return;
        }
        match event {
            Event::Scalar(text, ..) => self.add(Node::Text(text)),
            Event::SequenceStart(..) => self.push(Open::List(Vec::new())),
            Event::MappingStart(..) => self.push(Open::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(_) => self.fail("aliases are not supported"),
            Event::DocumentStart => {
                self.documents += 1;
                if self.documents > 1 {
                    self.fail("the file holds more than one document");
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
}

/// Parses a document; `None` without one.
pub(super) fn parse(text: &str) -> Result<Option<Node>, String> {
    // The parser calls itself for each level, before any limit of ours.
    let deepest = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let blocks =
        text.lines().map(|line| line.len() - line.trim_start_matches([' ', '-', '?']).len()).max().unwrap_or(0);
    if deepest > 500 || blocks > 500 {
        return Err("the file is too deep".to_owned());
    }
    let mut builder = Builder::default();
    let parsed = Parser::new_from_str(text).load(&mut builder, true);
    match (builder.problem, parsed) {
        (Some(problem), _) => Err(problem),
        (None, Err(error)) => Err(format!("not YAML: {error}")),
        (None, Ok(())) => Ok(builder.document),
    }
}
