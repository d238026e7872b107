//! Where things stand on the screen.

use std::collections::HashMap;

use ratatui::layout::Rect;

use super::columns::bounds;
use super::graph::wide;
use crate::process::columns::COLUMNS;

/// Width of the labels of a page about one process.
pub(crate) const LABEL: u16 = 14;

/// Where things were drawn: for the mouse, and for moving by pages.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Columns of the terminal.
    pub(crate) width: u16,
    /// Lines of the table.
    pub(crate) page: usize,
    pub(crate) rows: Rect,
    /// Headings, with the columns that they are of.
    pub(crate) headings: Vec<(Rect, usize)>,
    /// The widest value of each column so far.
    widths: HashMap<usize, u16>,
}

impl Place {
    /// How wide a column is: as its widest value so far, within bounds.
    pub(crate) fn column_width(&self, place: usize) -> u16 {
        let Some(column) = COLUMNS.get(place) else { return 0 };
        let (least, most) = bounds(&column.meta);
        let seen = self.widths.get(&place).copied().unwrap_or(0);
        seen.clamp(least.max(wide(column.meta.title)), most.max(wide(column.meta.title) + 1))
    }

    /// Lets every column be as narrow as it can again.
    pub(crate) fn forget_widths(&mut self) {
        self.widths.clear();
    }

    /// Takes note that a column has shown a value of this width.
    pub(crate) fn widen(&mut self, place: usize, width: u16) {
        let seen = self.widths.entry(place).or_insert(0);
        *seen = (*seen).max(width);
    }

    /// The columns for values on a page about one process.
    pub(crate) fn page_room(&self) -> usize {
        usize::from(self.width.saturating_sub(LABEL + 2))
    }
}
