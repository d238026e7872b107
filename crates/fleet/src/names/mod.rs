//! What the series are called.

pub mod node;
pub mod otel;
pub(crate) mod prometheus;

/// A set of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The semantic conventions of OpenTelemetry.
    Otel,
    /// Those of node_exporter, process-exporter and systemd_exporter.
    Node,
    /// Both.
    Both,
}

impl Names {
    /// Whether the names of OpenTelemetry are among them.
    #[must_use]
    pub fn otel(self) -> bool {
        self != Self::Node
    }

    /// Whether the names of node_exporter are among them.
    #[must_use]
    pub fn node(self) -> bool {
        self != Self::Otel
    }
}
