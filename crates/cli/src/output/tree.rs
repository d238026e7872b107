//! Rows as a tree.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use psoxide::Pid;

use super::glyphs::branches;

/// Which row stands below which.
pub(crate) struct Tree<R> {
    /// A row's id.
    pub(crate) id: fn(&R) -> Pid,
    /// The id of the parent row, which may be missing.
    pub(crate) parent: fn(&R) -> Option<Pid>,
}

/// Rows in the order in which they are shown.
pub(crate) struct Arranged<R> {
    rows: Vec<R>,
    /// The place of each row in `rows` and the lines that lead to it; without a tree, rows stand as they are.
    lines: Option<Vec<(usize, String)>>,
}

impl<R> Arranged<R> {
    /// Puts each row below its parent, and keeps the first `limit` of them. Siblings keep their order.
    pub(crate) fn new(mut rows: Vec<R>, tree: Option<&Tree<R>>, limit: Option<usize>) -> Self {
        let limit = limit.unwrap_or(usize::MAX);
        let Some(tree) = tree else {
            rows.truncate(limit);
            return Self { rows, lines: None };
        };
        let links: Vec<_> = rows.iter().map(|row| ((tree.id)(row), (tree.parent)(row))).collect();
        let mut lines = order(&links);
        lines.truncate(limit);
        Self { rows, lines: Some(lines) }
    }

    /// How many rows are shown.
    pub(crate) fn len(&self) -> usize {
        self.lines.as_ref().map_or(self.rows.len(), Vec::len)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each row and the lines that lead to it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&R, &str)> {
        let flat = if self.lines.is_some() { &[] } else { self.rows.as_slice() };
        let placed = self.lines.iter().flatten();
        let placed = placed.filter_map(|(place, branch)| Some((self.rows.get(*place)?, branch.as_str())));
        flat.iter().map(|row| (row, "")).chain(placed)
    }
}

/// Returns the places of `(id, parent)` in tree order, each with its branch. A cycle, which a table that changes while
/// it is read can have, is cut at the first row that is reached.
pub(crate) fn order<K: Eq + Hash + Copy>(links: &[(K, Option<K>)]) -> Vec<(usize, String)> {
    let ids: HashSet<K> = links.iter().map(|(id, _)| *id).collect();
    let mut children: HashMap<K, Vec<usize>> = HashMap::new();
    let mut roots = Vec::new();
    for (place, (id, parent)) in links.iter().enumerate() {
        match parent {
            Some(parent) if parent != id && ids.contains(parent) => children.entry(*parent).or_default().push(place),
            _ => roots.push(place),
        }
    }
    let branches = branches();
    let mut ordered = Vec::with_capacity(links.len());
    let mut seen = HashSet::new();
    let everywhere = 0..links.len(); // after the roots: rows that only a cycle reaches
    for root in roots.into_iter().chain(everywhere) {
        let mut stack = vec![(root, String::new(), String::new())];
        while let Some((place, branch, below)) = stack.pop() {
            if !seen.insert(place) {
                continue;
            }
            ordered.push((place, branch));
            let kids = links.get(place).and_then(|(id, _)| children.get(id)).map_or(&[][..], Vec::as_slice);
            for (i, kid) in kids.iter().enumerate().rev() {
                let is_last = i + 1 == kids.len();
                let (line, next) = if is_last { (branches.last, "   ") } else { (branches.child, branches.pass) };
                stack.push((*kid, format!("{below}{line}"), format!("{below}{next}")));
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(links: &[(u32, Option<u32>)]) -> Vec<String> {
        order(links).into_iter().map(|(place, branch)| format!("{branch}{}", links[place].0)).collect()
    }

    #[test]
    fn children_stand_below_their_parents() {
        let links = [(1, Some(0)), (2, Some(1)), (3, Some(2)), (4, Some(1)), (5, Some(9)), (6, Some(4))];
        assert_eq!(drawn(&links), ["1", "├─ 2", "│  └─ 3", "└─ 4", "   └─ 6", "5"]);
    }

    #[test]
    fn a_cycle_is_cut_and_nothing_is_lost() {
        assert_eq!(drawn(&[(1, Some(1)), (2, Some(3)), (3, Some(2))]), ["1", "2", "└─ 3"]);
    }
}
