//! Assembles BPF instructions, see Documentation/bpf/standardization/instruction-set.rst.

use std::os::fd::RawFd;

/// One instruction: code, registers, offset and immediate value, in the machine's byte order.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instruction {
    code: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// A register. R0 holds results. R1 to R5 hold arguments, which a call overwrites. R10 is the end of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reg {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// A helper function, by its number in linux/bpf.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Helper {
    MapLookupElem = 1,
    ProbeReadKernelStr = 115,
    SeqWrite = 127,
    DPath = 147,
    CopyFromUserTask = 191,
    MapLookupPercpuElem = 195,
}

#[cfg(test)]
impl Helper {
    fn name(number: i32) -> String {
        let all = [
            Self::MapLookupElem,
            Self::ProbeReadKernelStr,
            Self::SeqWrite,
            Self::DPath,
            Self::CopyFromUserTask,
            Self::MapLookupPercpuElem,
        ];
        let known = all.into_iter().find(|helper| *helper as i32 == number);
        format!("{:?}", known.unwrap_or_else(|| panic!("no helper {number}")))
    }
}

/// The condition of a jump: unsigned comparisons of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum If {
    Equal = 0x10,
    Greater = 0x20,
    NotEqual = 0x50,
    Less = 0xa0,
}

/// Arithmetic on 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Add = 0x00,
    Sub = 0x10,
    And = 0x50,
    ShiftLeft = 0x60,
    ShiftRight = 0x70,
    Move = 0xb0,
    /// Shifts right, and repeats the sign bit.
    ShiftSigned = 0xc0,
}

/// A position in the program that is the target of jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label(usize);

/// A program that is being assembled.
#[derive(Debug, Default)]
pub(crate) struct Program {
    code: Vec<Instruction>,
    /// The position of each label, once it is placed.
    labels: Vec<Option<usize>>,
    /// The jumps, with the labels that they lead to.
    jumps: Vec<(usize, Label)>,
}

const CLASS_LOAD: u8 = 0x61;
const CLASS_STORE: u8 = 0x63;
const CLASS_STORE_IMMEDIATE: u8 = 0x62;
const CLASS_ARITHMETIC: u8 = 0x07;
const CLASS_JUMP: u8 = 0x05;
/// Marks that the second operand is a register.
const FROM_REGISTER: u8 = 0x08;
const CALL: u8 = 0x85;
/// BPF_JCOND: `may_goto`.
const JUMP_BY_CHANCE: u8 = 0xe0;
const EXIT: u8 = 0x95;
const LOAD_WIDE: u8 = 0x18;
/// Written in place of a register: the immediate value is a map's descriptor, or the BTF id of a kernel function to
/// call.
const PSEUDO_MAP: u8 = 1;
const PSEUDO_KFUNC: u8 = 2;

impl Program {
    fn push(&mut self, code: u8, dst: u8, src: u8, offset: i16, immediate: i32) {
        self.code.push(Instruction { code, registers: dst | src << 4, offset, immediate });
    }

    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Places `label` at the next instruction.
    pub(crate) fn place(&mut self, label: Label) {
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(self.code.len());
        }
    }

    /// Emits `dst = dst op value`.
    pub(crate) fn op(&mut self, dst: Reg, op: Op, value: i32) {
        self.push(CLASS_ARITHMETIC | op as u8, dst as u8, 0, 0, value);
    }

    /// Emits `dst = dst op src`.
    pub(crate) fn op_reg(&mut self, dst: Reg, op: Op, src: Reg) {
        self.push(CLASS_ARITHMETIC | FROM_REGISTER | op as u8, dst as u8, src as u8, 0, 0);
    }

    pub(crate) fn set(&mut self, dst: Reg, value: i32) {
        self.op(dst, Op::Move, value);
    }

    pub(crate) fn copy(&mut self, dst: Reg, src: Reg) {
        self.op_reg(dst, Op::Move, src);
    }

    /// Emits `dst = src + offset`.
    pub(crate) fn at(&mut self, dst: Reg, src: Reg, offset: i16) {
        self.copy(dst, src);
        self.op(dst, Op::Add, offset.into());
    }

    /// Sets `dst` to the `size` bytes (1, 2, 4 or 8) at `src + offset`, zero-extended.
    pub(crate) fn load(&mut self, dst: Reg, src: Reg, offset: i16, size: u8) {
        self.push(CLASS_LOAD | width(size), dst as u8, src as u8, offset, 0);
    }

    /// Stores all 64 bits of `src` at `dst + offset`.
    pub(crate) fn store(&mut self, dst: Reg, offset: i16, src: Reg) {
        self.push(CLASS_STORE | width(8), dst as u8, src as u8, offset, 0);
    }

    /// Stores 64 bits.
    pub(crate) fn store_value(&mut self, dst: Reg, offset: i16, value: i32) {
        self.push(CLASS_STORE_IMMEDIATE | width(8), dst as u8, 0, offset, value);
    }

    pub(crate) fn jump(&mut self, to: Label) {
        self.jumps.push((self.code.len(), to));
        self.push(CLASS_JUMP, 0, 0, 0, 0);
    }

    /// Jumps to `to` if `left when value`.
    pub(crate) fn jump_if(&mut self, left: Reg, when: If, value: i32, to: Label) {
        self.jumps.push((self.code.len(), to));
        self.push(CLASS_JUMP | when as u8, left as u8, 0, 0, value);
    }

    /// Jumps to `to` if `left when right`.
    pub(crate) fn jump_if_reg(&mut self, left: Reg, when: If, right: Reg, to: Label) {
        self.jumps.push((self.code.len(), to));
        self.push(CLASS_JUMP | FROM_REGISTER | when as u8, left as u8, right as u8, 0, 0);
    }

    /// Jumps to `to` when a loop has passed here as often as the kernel allows (`may_goto`, since Linux 6.9). The
    /// verifier requires this in a loop whose end it cannot prove.
    pub(crate) fn give_up(&mut self, to: Label) {
        self.jumps.push((self.code.len(), to));
        self.push(CLASS_JUMP | JUMP_BY_CHANCE, 0, 0, 0, 0);
    }

    pub(crate) fn call(&mut self, helper: Helper) {
        self.push(CALL, 0, 0, 0, helper as i32);
    }

    /// Calls the kernel function with this BTF id.
    pub(crate) fn call_kernel(&mut self, function: u32) {
        self.push(CALL, 0, PSEUDO_KFUNC, 0, function.cast_signed());
    }

    /// Sets `dst` to the address of the map with which the program is loaded ([`with_map`]).
    pub(crate) fn map(&mut self, dst: Reg) {
        self.push(LOAD_WIDE, dst as u8, PSEUDO_MAP, 0, 0);
        self.push(0, 0, 0, 0, 0);
    }

    /// Emits `return 0`.
    pub(crate) fn exit(&mut self) {
        self.set(Reg::R0, 0);
        self.push(EXIT, 0, 0, 0, 0);
    }

    /// Resolves the jumps and returns the program. Returns `None` if a jump is too far.
    pub(crate) fn finish(mut self) -> Option<Vec<Instruction>> {
        for (at, label) in self.jumps {
            let to = i64::try_from((*self.labels.get(label.0)?)?).ok()?;
            let offset = to - i64::try_from(at).ok()? - 1;
            self.code.get_mut(at)?.offset = i16::try_from(offset).ok()?;
        }
        Some(self.code)
    }
}

impl Instruction {
    /// Returns whether the instruction calls `bpf_rdonly_cast`.
    #[cfg(test)]
    fn is_cast(&self, name: impl Fn(u32) -> String) -> bool {
        self.code == CALL
            && self.registers >> 4 == PSEUDO_KFUNC
            && name(self.immediate.cast_unsigned()) == "bpf_rdonly_cast"
    }

    fn is_map(&self) -> bool {
        self.code == LOAD_WIDE && self.registers >> 4 == PSEUDO_MAP
    }
}

/// Returns whether a program needs a map.
pub(crate) fn uses_map(program: &[Instruction]) -> bool {
    program.iter().any(Instruction::is_map)
}

/// Returns the program with the descriptor of its map.
pub(crate) fn with_map(program: &[Instruction], map: RawFd) -> Vec<Instruction> {
    let fill = |&one: &Instruction| if one.is_map() { Instruction { immediate: map, ..one } } else { one };
    program.iter().map(fill).collect()
}

/// Formats a program as text, one instruction per line, in the notation of the kernel's listings. `name` returns the
/// name of a kernel function or type for its BTF id.
#[cfg(test)]
pub(crate) fn listing(program: &[Instruction], name: impl Fn(u32) -> String) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let target = |at: usize, offset: i16| i64::try_from(at).unwrap() + 1 + i64::from(offset);
    let mut skip = false;
    for (at, one) in program.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let Instruction { code, registers, offset, immediate } = *one;
        let (dst, src) = (format!("r{}", registers & 0xf), format!("r{}", registers >> 4));
        let size = match code & 0x18 {
            0x10 => "u8",
            0x08 => "u16",
            0x00 => "u32",
            _ => "u64",
        };
        let operand = if code & FROM_REGISTER != 0 { src.clone() } else { immediate.to_string() };
        let line = match (code, code & 0x07) {
            (CALL, _) if registers >> 4 == PSEUDO_KFUNC => format!("call {}", name(immediate.cast_unsigned())),
            (CALL, _) => format!("call {}", Helper::name(immediate)),
            (EXIT, _) => "exit".into(),
            (LOAD_WIDE, _) => {
                skip = true;
                format!("{dst} = map")
            }
            (_, 0x01) => format!("{dst} = *({size} *)({src} {offset:+})"),
            (_, 0x02) => format!("*({size} *)({dst} {offset:+}) = {immediate}"),
            (_, 0x03) => format!("*({size} *)({dst} {offset:+}) = {src}"),
            // The type to which the next instruction casts.
            (_, 0x07) if program.get(at + 1).is_some_and(|next| next.is_cast(&name)) => {
                format!("{dst} = {}", name(immediate.cast_unsigned()))
            }
            (_, 0x07) => {
                let operator = match code & 0xf0 {
                    0x00 => "+=",
                    0x10 => "-=",
                    0x50 => "&=",
                    0x60 => "<<=",
                    0x70 => ">>=",
                    0xb0 => "=",
                    0xc0 => "s>>=",
                    other => panic!("no arithmetic {other:#x}"),
                };
                format!("{dst} {operator} {operand}")
            }
            (CLASS_JUMP, _) => format!("goto {}", target(at, offset)),
            (code, _) if code == CLASS_JUMP | JUMP_BY_CHANCE => format!("may_goto {}", target(at, offset)),
            (_, 0x05) => {
                let when = match code & 0xf0 {
                    0x10 => "==",
                    0x20 => ">",
                    0x50 => "!=",
                    0xa0 => "<",
                    other => panic!("no jump {other:#x}"),
                };
                format!("if {dst} {when} {operand} goto {}", target(at, offset))
            }
            (code, _) => panic!("no instruction {code:#x}"),
        };
        writeln!(text, "{at:4}: {line}").unwrap();
    }
    text
}

/// Returns the bits of a load or store that encode its size.
fn width(size: u8) -> u8 {
    match size {
        1 => 0x10,
        2 => 0x08,
        4 => 0x00,
        _ => 0x18,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(program: Program) -> Vec<[u8; 4]> {
        let parts = |i: &Instruction| [i.code, i.registers, i.offset.to_le_bytes()[0], i.immediate.to_le_bytes()[0]];
        program.finish().unwrap().iter().map(parts).collect()
    }

    #[test]
    fn instructions_as_the_standard_has_them() {
        let mut p = Program::default();
        p.load(Reg::R6, Reg::R1, 8, 8);
        p.load(Reg::R0, Reg::R6, 4, 4);
        p.load(Reg::R0, Reg::R6, 4, 2);
        p.load(Reg::R0, Reg::R6, 4, 1);
        p.store(Reg::R10, -8, Reg::R0);
        p.store_value(Reg::R10, -8, 1);
        p.copy(Reg::R1, Reg::R10);
        p.op(Reg::R1, Op::Add, 7);
        p.op_reg(Reg::R0, Op::Sub, Reg::R1);
        p.call(Helper::SeqWrite);
        p.exit();
        assert_eq!(
            bytes(p),
            [
                [0x79, 0x16, 8, 0],
                [0x61, 0x60, 4, 0],
                [0x69, 0x60, 4, 0],
                [0x71, 0x60, 4, 0],
                [0x7b, 0x0a, 0xf8, 0],
                [0x7a, 0x0a, 0xf8, 1],
                [0xbf, 0xa1, 0, 0],
                [0x07, 0x01, 0, 7],
                [0x1f, 0x10, 0, 0],
                [0x85, 0, 0, 127],
                [0xb7, 0, 0, 0],
                [0x95, 0, 0, 0],
            ]
        );
    }

    #[test]
    fn jumps_lead_to_their_labels_both_ways() {
        let mut p = Program::default();
        let (top, end) = (p.label(), p.label());
        p.place(top);
        p.jump_if(Reg::R6, If::Equal, 0, end);
        p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, top);
        p.give_up(end);
        p.jump(top);
        p.place(end);
        p.exit();
        let code = bytes(p);
        assert_eq!(code[..4], [[0x15, 0x06, 3, 0], [0x5d, 0x21, 0xfe, 0], [0xe5, 0, 1, 0], [0x05, 0, 0xfc, 0]]);
    }

    #[test]
    fn a_map_is_filled_in() {
        let mut p = Program::default();
        p.set(Reg::R1, 5);
        p.map(Reg::R1);
        p.exit();
        let program = p.finish().unwrap();
        assert!(uses_map(&program) && !uses_map(&program[..1]));
        let filled: Vec<_> = with_map(&program, 9).iter().map(|one| one.immediate).collect();
        assert_eq!(filled, [5, 9, 0, 0, 0]);
    }

    #[test]
    fn a_label_that_is_nowhere_is_refused() {
        let mut p = Program::default();
        let nowhere = p.label();
        p.jump(nowhere);
        assert_eq!(p.finish(), None);
    }
}
