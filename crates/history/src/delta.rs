//! Samples as differences: what changed since the sample before, column by column.
//!
//! The payload of a frame is the machine (its keys only if they changed), the processes that ended, the new ones with
//! their facts, and for each process that changed a mask of columns and the differences, column by column. Numbers of a
//! column are divided by their greatest common divisor, because sizes are multiples of the page size and times of the
//! clock tick. A key frame is the difference to nothing.

use std::sync::Arc;

use psoxide::Pid;

use crate::bytes::{Malformed, Reader, put_bytes, put_unsigned, unzigzag, zigzag};
use crate::cell::NULL;
use crate::facts::Facts;
use crate::machine::{Key, Machine};
use crate::sample::Process;

/// What the next difference is to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) machine: Arc<Machine>,
    pub(crate) processes: Vec<Process>,
    /// The id that the next new process gets.
    pub(crate) next: u64,
    /// The numbers that each process has.
    width: usize,
}

/// A process to be encoded: its facts and numbers.
pub(crate) type New = (Arc<Facts>, Vec<i64>);

fn put_count(out: &mut Vec<u8>, count: usize) {
    put_unsigned(out, u64::try_from(count).unwrap_or(u64::MAX));
}

/// What a difference is added to.
const fn base(then: i64) -> i64 {
    if then == NULL { 0 } else { then }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Writes the numbers `(now, then)` of one column: a divisor, and for each number 0 if it is missing, else the divided
/// difference. The divisor 0 says that the numbers follow as they are.
fn put_column(out: &mut Vec<u8>, pairs: &[(i64, i64)]) {
    let difference = |now: i64, then: i64| now.wrapping_sub(base(then));
    let present = pairs.iter().filter(|(now, _)| *now != NULL);
    let divisor = present.fold(0, |divisor, (now, then)| gcd(difference(*now, *then).unsigned_abs(), divisor));
    // One more than the longest difference has no code.
    let is_plain = pairs.iter().any(|(now, then)| *now != NULL && difference(*now, *then) == i64::MIN);
    let divisor = if is_plain { 0 } else { i64::try_from(divisor).unwrap_or(1).max(1) };
    put_unsigned(out, divisor.cast_unsigned());
    for (now, then) in pairs {
        match *now {
            now if divisor == 0 => out.extend(now.to_le_bytes()),
            NULL => put_unsigned(out, 0),
            now => put_unsigned(out, zigzag(difference(now, *then) / divisor) + 1),
        }
    }
}

/// Reads what [`put_column`] wrote over the numbers before.
fn read_column<'a>(bytes: &mut Reader<'_>, cells: impl Iterator<Item = &'a mut i64>) -> Result<(), Malformed> {
    let divisor = i64::try_from(bytes.unsigned()?).map_err(|_| Malformed)?;
    for cell in cells {
        *cell = match divisor {
            0 => i64::from_le_bytes(bytes.take(8)?.try_into().map_err(|_| Malformed)?),
            _ => match bytes.unsigned()?.checked_sub(1) {
                None => NULL,
                Some(code) => base(*cell).wrapping_add(unzigzag(code).checked_mul(divisor).ok_or(Malformed)?),
            },
        };
    }
    Ok(())
}

impl State {
    /// A state without processes, of samples with so many columns.
    pub(crate) fn new(width: usize, next: u64) -> Self {
        Self { width, next, ..Self::default() }
    }

    /// Encodes a sample as the difference to this state, and makes it the state. Processes with the same pid, start and
    /// facts are the same.
    pub(crate) fn encode(&mut self, machine: Machine, processes: Vec<New>) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 << 10);
        encode_machine(&mut out, &self.machine, &machine);
        self.machine = Arc::new(machine);
        let mut now: foldhash::HashMap<(Pid, Option<u64>), New> =
            processes.into_iter().map(|new| ((new.0.pid, new.0.start), new)).collect();
        let mut ended = Vec::new();
        let mut kept = Vec::with_capacity(self.processes.len());
        for (place, process) in std::mem::take(&mut self.processes).into_iter().enumerate() {
            let key = (process.facts.pid, process.facts.start);
            let same = |new: &New| Arc::ptr_eq(&new.0, &process.facts) || new.0 == process.facts;
            match now.get(&key).is_some_and(same).then(|| now.remove(&key)).flatten() {
                Some((_, cells)) => kept.push((process, cells)),
                None => ended.push(place),
            }
        }
        put_count(&mut out, ended.len());
        put_gaps(&mut out, &ended);
        encode_changes(&mut out, &kept);
        self.processes.extend(kept.into_iter().map(|(process, cells)| Process { cells, ..process }));
        let mut new: Vec<New> = now.into_values().collect();
        new.sort_by_key(|(facts, _)| (facts.pid, facts.start));
        let ids = self.next..;
        let new: Vec<Process> = ids.zip(new).map(|(id, (facts, cells))| Process { id, facts, cells }).collect();
        self.next = new.last().map_or(self.next, |last| last.id + 1);
        self.encode_new(&mut out, &new);
        self.processes.extend(new);
        out
    }

    /// Encodes the state as a key frame.
    pub(crate) fn key(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 << 10);
        encode_machine(&mut out, &Machine::default(), &self.machine);
        put_count(&mut out, 0);
        encode_changes(&mut out, &[]);
        self.encode_new(&mut out, &self.processes);
        out
    }

    /// Writes processes that were not in the sample before, column by column.
    fn encode_new(&self, out: &mut Vec<u8>, new: &[Process]) {
        put_unsigned(out, self.next);
        put_count(out, new.len());
        let mut next = 0;
        for process in new {
            put_unsigned(out, process.id - next);
            next = process.id + 1;
        }
        new.iter().for_each(|process| process.facts.write(out));
        for column in 0..self.width {
            let cell = |process: &Process| (process.cells.get(column).copied().unwrap_or(NULL), NULL);
            put_column(out, &new.iter().map(cell).collect::<Vec<_>>());
        }
    }

    fn decode_new(&mut self, bytes: &mut Reader<'_>) -> Result<(), Malformed> {
        let after = bytes.unsigned()?;
        let count = bytes.count()?;
        let mut new = Vec::new();
        let mut next = 0_u64;
        for _ in 0..count {
            let id = next.checked_add(bytes.unsigned()?).ok_or(Malformed)?;
            next = id.checked_add(1).ok_or(Malformed)?;
            new.push(Process { id, facts: Arc::default(), cells: Vec::with_capacity(self.width) });
        }
        let is_later = new.first().is_none_or(|first| self.processes.last().is_none_or(|last| last.id < first.id));
        if !is_later || next > after {
            return Err(Malformed);
        }
        for process in &mut new {
            process.facts = Arc::new(Facts::read(bytes)?);
        }
        for _ in 0..self.width {
            new.iter_mut().for_each(|process| process.cells.push(NULL));
            read_column(bytes, new.iter_mut().filter_map(|process| process.cells.last_mut()))?;
        }
        self.processes.extend(new);
        self.next = after;
        Ok(())
    }

    /// Decodes a difference to this state. After an error the state is of no use.
    pub(crate) fn decode(&mut self, payload: &[u8]) -> Result<(), Malformed> {
        let bytes = &mut Reader::new(payload);
        self.machine = Arc::new(decode_machine(bytes, &self.machine)?);
        let ended = bytes.count()?;
        let mut ended = read_gaps(bytes, ended)?.into_iter().peekable();
        let mut place = 0;
        self.processes.retain(|_| {
            let stays = ended.next_if_eq(&place).is_none();
            place += 1;
            stays
        });
        if ended.next().is_some() {
            return Err(Malformed);
        }
        decode_changes(bytes, &mut self.processes, self.width)?;
        self.decode_new(bytes)?;
        if bytes.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

fn encode_machine(out: &mut Vec<u8>, then: &Machine, now: &Machine) {
    let same_keys = then.keys == now.keys;
    let same_texts = then.texts == now.texts;
    out.push(u8::from(!same_keys) | u8::from(!same_texts) << 1);
    if !same_keys {
        put_count(out, now.keys.len());
        for key in &now.keys {
            put_bytes(out, key.name.as_bytes());
            put_bytes(out, &key.device);
            out.push(u8::from(key.real));
        }
    }
    if !same_texts {
        put_count(out, now.texts.len());
        for (name, device, text) in &now.texts {
            put_bytes(out, name.as_bytes());
            put_bytes(out, device);
            put_bytes(out, text);
        }
    }
    let then = if same_keys { then.cells.as_slice() } else { &[] };
    let cells = now.cells.iter().enumerate();
    let pairs: Vec<(usize, i64, i64)> = cells
        .map(|(place, now)| (place, *now, then.get(place).copied().unwrap_or(0)))
        .filter(|(_, now, then)| now != then)
        .collect();
    put_count(out, pairs.len());
    put_gaps(out, &pairs.iter().map(|(place, ..)| *place).collect::<Vec<_>>());
    put_column(out, &pairs.iter().map(|(_, now, then)| (*now, *then)).collect::<Vec<_>>());
}

fn decode_machine(bytes: &mut Reader<'_>, then: &Machine) -> Result<Machine, Malformed> {
    let flags = bytes.byte()?;
    let text = |bytes: &mut Reader<'_>| String::from_utf8(bytes.bytes()?.to_vec()).map_err(|_| Malformed);
    let mut now = Machine::default();
    if flags & 1 == 0 {
        now.keys.clone_from(&then.keys);
        now.cells.clone_from(&then.cells);
    } else {
        for _ in 0..bytes.count()? {
            let (name, device) = (text(bytes)?, bytes.bytes()?.to_vec());
            now.keys.push(Key { name, device, real: bytes.byte()? != 0 });
        }
        now.cells = vec![0; now.keys.len()];
    }
    if flags & 2 == 0 {
        now.texts.clone_from(&then.texts);
    } else {
        for _ in 0..bytes.count()? {
            now.texts.push((text(bytes)?, bytes.bytes()?.to_vec(), bytes.bytes()?.to_vec()));
        }
    }
    let count = bytes.count()?;
    let places = read_gaps(bytes, count)?;
    let mut cells = Vec::with_capacity(count);
    for place in &places {
        cells.push(now.cells.get(*place).copied().ok_or(Malformed)?);
    }
    read_column(bytes, cells.iter_mut())?;
    for (place, now_cell) in places.into_iter().zip(cells) {
        now.cells.get_mut(place).into_iter().for_each(|cell| *cell = now_cell);
    }
    Ok(now)
}

/// Writes ascending places as the distances between them.
fn put_gaps(out: &mut Vec<u8>, places: &[usize]) {
    let mut next = 0;
    for place in places {
        put_count(out, place.saturating_sub(next));
        next = place + 1;
    }
}

fn read_gaps(bytes: &mut Reader<'_>, count: usize) -> Result<Vec<usize>, Malformed> {
    let mut places = Vec::with_capacity(count);
    let mut next = 0_usize;
    for _ in 0..count {
        let gap = usize::try_from(bytes.unsigned()?).map_err(|_| Malformed)?;
        let place = next.checked_add(gap).ok_or(Malformed)?;
        places.push(place);
        next = place.checked_add(1).ok_or(Malformed)?;
    }
    Ok(places)
}

/// Writes what changed of the processes that are in both: `(the process before, its numbers now)`.
fn encode_changes(out: &mut Vec<u8>, kept: &[(Process, Vec<i64>)]) {
    let mut rows = Vec::new();
    let mut masks = Vec::new();
    let width = kept.first().map_or(0, |(_, cells)| cells.len());
    let mut columns: Vec<Vec<(i64, i64)>> = vec![Vec::new(); width];
    for (place, (before, cells)) in kept.iter().enumerate() {
        let mut mask = 0_u64;
        let pairs = cells.iter().zip(&before.cells).zip(&mut columns).enumerate();
        for (column, ((now, then), pairs)) in pairs {
            if now != then {
                mask |= 1 << column;
                pairs.push((*now, *then));
            }
        }
        if mask != 0 {
            rows.push(place);
            masks.push(mask);
        }
    }
    put_count(out, rows.len());
    put_gaps(out, &rows);
    masks.iter().for_each(|mask| put_unsigned(out, *mask));
    columns.iter().filter(|pairs| !pairs.is_empty()).for_each(|pairs| put_column(out, pairs));
}

fn decode_changes(bytes: &mut Reader<'_>, processes: &mut [Process], width: usize) -> Result<(), Malformed> {
    let count = bytes.count()?;
    let rows = read_gaps(bytes, count)?;
    let mut masks = Vec::with_capacity(count);
    for _ in 0..count {
        masks.push(bytes.unsigned()?);
    }
    if rows.last().is_some_and(|last| *last >= processes.len()) {
        return Err(Malformed);
    }
    let all = masks.iter().fold(0, |all, mask| all | mask);
    if width < 64 && all >> width != 0 {
        return Err(Malformed);
    }
    for column in (0..64).filter(|column| all >> column & 1 != 0) {
        let mut cells = Vec::with_capacity(count);
        let chosen = || rows.iter().zip(&masks).filter(|(_, mask)| **mask >> column & 1 != 0).map(|(row, _)| *row);
        for row in chosen() {
            cells.push(processes.get(row).and_then(|process| process.cells.get(column)).copied().ok_or(Malformed)?);
        }
        read_column(bytes, cells.iter_mut())?;
        for (row, now) in chosen().zip(cells) {
            if let Some(cell) = processes.get_mut(row).and_then(|process| process.cells.get_mut(column)) {
                *cell = now;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::columns;

    fn facts(pid: u32, start: u64) -> Arc<Facts> {
        Arc::new(Facts { pid, start: Some(start), ..Facts::default() })
    }

    fn machine(cells: Vec<i64>, named: u8) -> Machine {
        let key = |place| Key { name: format!("n{place}"), device: vec![named], real: false };
        Machine { keys: (0..cells.len()).map(key).collect(), cells, texts: vec![("t".into(), vec![], vec![named])] }
    }

    const WIDTH: usize = 4;

    prop_compose! {
        fn process()(pid in 1..6_u32, start in 0..3_u64, cells in prop::collection::vec(prop_oneof![
            Just(NULL), 0..5_i64, any::<i64>(), (0..1000_i64).prop_map(|page| page * 4096)
        ], WIDTH)) -> New {
            (facts(pid, start), cells)
        }
    }

    fn seen(state: &State) -> Vec<(u64, u32, Option<u64>, Vec<i64>)> {
        let seen = |process: &Process| (process.id, process.facts.pid, process.facts.start, process.cells.clone());
        state.processes.iter().map(seen).collect()
    }

    proptest! {
        #[test]
        fn any_samples_come_back(samples in prop::collection::vec(
            (prop::collection::vec(process(), 0..8), prop::collection::vec(any::<i64>(), 3), 0..2_u8), 1..8)) {
            let mut writer = State::new(WIDTH, 5);
            let mut reader = State::new(WIDTH, 5);
            for (processes, cells, named) in samples {
                let mut wanted: Vec<(u32, Option<u64>, Vec<i64>)> = Vec::new();
                for (facts, cells) in &processes {
                    wanted.retain(|(pid, start, _)| (*pid, *start) != (facts.pid, facts.start));
                    wanted.push((facts.pid, facts.start, cells.clone()));
                }
                wanted.sort();
                let machine = machine(cells, named);
                let payload = writer.encode(machine.clone(), processes);
                reader.decode(&payload).unwrap();
                prop_assert_eq!(&reader, &writer);
                prop_assert_eq!(&*reader.machine, &machine);
                let mut got: Vec<_> = seen(&reader).into_iter().map(|(_, pid, start, cells)| (pid, start, cells)).collect();
                got.sort();
                prop_assert_eq!(got, wanted);
                let mut fresh = State::new(WIDTH, 0);
                fresh.decode(&writer.key()).unwrap();
                prop_assert_eq!(&fresh, &writer);
            }
        }

        #[test]
        fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = State::new(WIDTH, 0).decode(&bytes);
        }
    }

    #[test]
    fn ids_are_given_once() {
        let mut state = State::new(WIDTH, 0);
        let cells = || vec![1; WIDTH];
        state.encode(Machine::default(), vec![(facts(1, 1), cells()), (facts(2, 1), cells())]);
        state.encode(Machine::default(), vec![(facts(1, 1), cells())]);
        // The pid has a new process, and the other one has executed another program.
        let changed = Arc::new(Facts { cmdline: Some(Vec::new()), ..(*facts(1, 1)).clone() });
        state.encode(Machine::default(), vec![(changed, cells()), (facts(2, 9), cells())]);
        let ids: Vec<_> = seen(&state).into_iter().map(|(id, pid, ..)| (id, pid)).collect();
        assert_eq!(ids, [(2, 1), (3, 2)]);
    }

    #[test]
    fn a_mask_has_room_for_all_columns() {
        assert!(columns::columns(columns::FIELDS).len() < 64);
    }
}
