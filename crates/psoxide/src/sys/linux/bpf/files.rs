//! Descriptors in one walk: what the programs of those walks begin with, and one process's regular files.

use psoxide_parse::Cursor;
use psoxide_parse::linux::btf::TypeId;

use super::asm::{Helper, If, Instruction, Label, Op, Program, Reg};
use super::iterator::{self, STACK, TASK, numbers};
use super::kernel::Kernel;

pub(super) const FILE: Reg = Reg::R7;
pub(super) const FD: Reg = Reg::R8;

/// inode(7)
const TYPE: i32 = 0o170_000;
const REGULAR: i32 = 0o100_000;

/// Loads what `struct bpf_iter__task_file` holds; to `out` after the last file.
pub(super) fn begin(p: &mut Program, out: Label) {
    iterator::visit(p, out);
    p.load(FILE, Reg::R1, 24, 8);
    p.load(FD, Reg::R1, 16, 4);
    p.jump_if(FILE, If::Equal, 0, out);
}

/// R1 = the file's inode, whose type is returned; to `other` if it is none of a file of this type.
pub(super) fn inode(p: &mut Program, kernel: &Kernel<'_>, file_type: i32, other: Label) -> Option<TypeId> {
    let (inode, inode_type) = kernel.pointer(kernel.file, "f_inode")?;
    let mode = kernel.place(inode_type, "i_mode")?;
    p.load(Reg::R1, FILE, inode.offset, inode.size);
    p.load(Reg::R2, Reg::R1, mode.offset, mode.size);
    p.op(Reg::R2, Op::And, TYPE);
    p.jump_if(Reg::R2, If::NotEqual, file_type, other);
    Some(inode_type)
}

/// The longest path that is told; others are looked up.
const PATH: i16 = 400;

/// Prints, of every regular file: descriptor, flags, position, the word of the table of descriptors to close on exec
/// that has its bit, the length of its path, and so many bytes.
pub(super) fn regular(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    let mut p = Program::default();
    let (out, no_path, write) = (p.label(), p.label(), p.label());
    begin(&mut p, out);
    inode(&mut p, kernel, REGULAR, out)?;
    let (flags, position) = (kernel.place(kernel.file, "f_flags")?, kernel.place(kernel.file, "f_pos")?);
    let head = -PATH - 40;
    p.store(STACK, head, FD);
    p.load(Reg::R1, FILE, flags.offset, flags.size);
    p.store(STACK, head + 8, Reg::R1);
    p.load(Reg::R1, FILE, position.offset, position.size);
    p.store(STACK, head + 16, Reg::R1);
    let (files, files_type) = kernel.pointer(kernel.task, "files")?;
    let (table, table_type) = kernel.pointer(files_type, "fdt")?;
    let bits = kernel.place(table_type, "close_on_exec")?;
    p.load(Reg::R1, TASK, files.offset, files.size);
    p.load(Reg::R1, Reg::R1, table.offset, table.size);
    p.load(Reg::R3, Reg::R1, bits.offset, bits.size);
    p.copy(Reg::R1, FD);
    p.op(Reg::R1, Op::ShiftRight, 6);
    p.op(Reg::R1, Op::ShiftLeft, 3);
    p.op_reg(Reg::R3, Op::Add, Reg::R1);
    p.store_value(STACK, head + 24, 0);
    p.at(Reg::R1, STACK, head + 24);
    p.set(Reg::R2, 8);
    p.call(Helper::ProbeReadKernel);
    for word in 0..PATH / 8 {
        p.store_value(STACK, word * 8 - PATH, 0);
    }
    p.at(Reg::R1, FILE, kernel.offset(kernel.file, "f_path")?);
    p.at(Reg::R2, STACK, -PATH);
    p.set(Reg::R3, PATH.into());
    p.call(Helper::DPath);
    p.copy(FD, Reg::R0);
    p.jump_if(FD, If::Greater, PATH.into(), no_path); // a negative number is a large one
    p.jump(write);
    p.place(no_path);
    p.set(FD, 0);
    p.place(write);
    p.store(STACK, head + 32, FD);
    iterator::print(&mut p, head, |p| p.at(Reg::R3, FD, 40));
    p.place(out);
    p.exit();
    p.finish()
}

/// A regular file that a process has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Regular {
    pub(crate) fd: u32,
    /// As fdinfo has them.
    pub(crate) flags: u64,
    pub(crate) position: u64,
    /// As its link has it; `None` where it is too long to be told here.
    pub(crate) path: Option<Vec<u8>>,
}

pub(super) fn parse_regular(printed: &[u8]) -> Option<Vec<Regular>> {
    /// Kept for the descriptor, not for the file: fs/proc/fd.c, seq_show.
    const O_CLOEXEC: u64 = 0o2_000_000;
    let mut cursor = Cursor::new(printed);
    let mut files = Vec::new();
    while !cursor.is_empty() {
        let [fd, flags, position, close_on_exec, length] = numbers(&mut cursor)?;
        let path = cursor.take(usize::try_from(length).ok()?)?;
        let closes = close_on_exec >> (fd % 64) & 1 != 0;
        files.push(Regular {
            fd: fd.try_into().ok()?,
            flags: if closes { flags | O_CLOEXEC } else { flags & !O_CLOEXEC },
            position,
            path: path.strip_suffix(&[0]).map(<[u8]>::to_vec),
        });
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_understood_and_nothing_else() {
        let printed = |words: &[u64]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        let mut bytes = printed(&[65, 0o2_100_002, 5, 0b10, 3]);
        bytes.extend(b"/a\0");
        bytes.extend(printed(&[1, 0o2_000_001, 0, 0, 0]));
        let file =
            |fd, flags, position, path: Option<&[u8]>| Regular { fd, flags, position, path: path.map(Into::into) };
        let expected = vec![file(65, 0o2_100_002, 5, Some(b"/a")), file(1, 1, 0, None)];
        assert_eq!(parse_regular(&bytes), Some(expected));
        assert_eq!(parse_regular(&printed(&[1, 1, 1, 1, 1])), None);
    }
}
