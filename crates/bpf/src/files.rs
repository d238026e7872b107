//! Prints descriptors in one walk: the start of all such programs, and the program for one process's regular files.

use psoxide_parse::Cursor;

use crate::asm::{Helper, If, Instruction, Label, Op, Program, Reg};
use crate::iterator::{self, STACK, TASK, follow, numbers};
use crate::kernel::Kernel;

pub(crate) const FILE: Reg = Reg::R7;
pub(crate) const FD: Reg = Reg::R8;

/// Loads the fields of `struct bpf_iter__task_file`. Jumps to `out` after the last file.
pub(crate) fn begin(p: &mut Program, out: Label) {
    iterator::visit(p, out);
    p.load(FILE, Reg::R1, 24, 8);
    p.load(FD, Reg::R1, 16, 4);
    p.jump_if(FILE, If::Equal, 0, out);
}

/// Prints `words` words of `value` for the first descriptor of a walk, of any kind. Some kernels do not visit some
/// processes, and an empty walk would look like a process without descriptors. Must come after [`begin`].
pub(crate) fn tell_visited(p: &mut Program, from: i16, words: usize, value: i32) {
    let go_on = p.label();
    // The number of the descriptor in the walk, from `struct bpf_iter_meta`.
    p.load(Reg::R2, Reg::R1, 0, 8);
    p.load(Reg::R2, Reg::R2, 16, 8);
    p.jump_if(Reg::R2, If::NotEqual, 0, go_on);
    let all = || (from..).step_by(8).take(words);
    all().for_each(|at| p.store_value(STACK, at, value));
    iterator::print(p, from, |p| p.set(Reg::R3, all().map(|_| 8).sum()));
    p.place(go_on);
}

/// The size of the buffer for a path. Longer paths are looked up in /proc.
const PATH: i16 = 400;
/// NAME_MAX plus a NUL.
const NAME: i32 = 256;

/// The words that are printed for each file, before its path or name.
#[derive(Debug, Clone, Copy)]
enum Word {
    Fd,
    Flags,
    Position,
    /// The word of the close-on-exec table that contains the descriptor's bit.
    CloseOnExec,
    /// The location: the addresses of the mount and the directory, and the directory's inode and device.
    Mount,
    Directory,
    Inode,
    Device,
    /// Whether the name in that directory leads to the file, and not to something mounted there.
    Named,
    /// The number of bytes that follow, with a NUL: a path or a name. 0 if neither could be printed.
    Length,
}

const WORDS: usize = Word::Length as usize + 1;
/// Stands for no descriptor.
const VISITED: i32 = -1;
const BYTES: i16 = 8 * (Word::Length as i16 + 1);
/// The position of the words on the stack, before the path.
const HEAD: i16 = -PATH - BYTES;
/// The position of the sequence number, below the words.
const SEQUENCE: i16 = HEAD - 8;
const PLACE: i16 = HEAD - 16;
const KEY: i16 = HEAD - 24;
/// The stack has 512 bytes, see Documentation/bpf/bpf_design_QA.rst.
const _: () = assert!(KEY >= -512);

/// Sets R0 to the 64 bits at `base + offset`, read as a number.
fn number(p: &mut Program, kernel: &Kernel<'_>, base: Reg, offset: i16) {
    p.at(Reg::R1, base, offset);
    kernel.word(p, Reg::R0);
}

/// Prints the words of every file that may be a regular file, and its path. If the file is in the same directory and
/// mount as the last file whose path was printed, prints only its name.
///
/// The map holds that location, together with the number of the walk, because several walks can run at the same time.
/// If they overwrite it, a name can appear without a path before it. The reader detects that.
pub(crate) fn program(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    const DENTRY: Reg = TASK;
    const LENGTH: Reg = FD;
    let mut p = Program::default();
    let [out, tell, whole, told, nothing, elsewhere, print] = [(); 7].map(|()| p.label());
    let to = |word: Word| word as i16 * 8 + HEAD;
    let store = |p: &mut Program, word: Word| p.store(STACK, to(word), Reg::R0);
    // The number of the walk, from `struct bpf_iter_meta`.
    p.load(Reg::R2, Reg::R1, 0, 8);
    p.load(Reg::R2, Reg::R2, 8, 8);
    p.op(Reg::R2, Op::ShiftLeft, 48);
    p.store(STACK, PLACE, Reg::R2);
    begin(&mut p, out);
    tell_visited(&mut p, HEAD, WORDS, VISITED);
    let (dentry, dentry_type) = kernel.pointer(kernel.file, "f_path.dentry")?;
    let [parent, hashed, flags] = ["d_parent", "d_hash.pprev", "d_flags"].map(|path| kernel.place(dentry_type, path));
    let (parent, hashed, flags) = (parent?, hashed?, flags?);
    let [kind, regular, symlink, mounted] =
        ["ENTRY_TYPE", "REGULAR_TYPE", "SYMLINK_TYPE", "MOUNTED"].map(|name| kernel.dentry_flag(name));
    let (kind, regular, symlink, mounted) = (kind?, regular?, symlink?, mounted?);
    // Skip links opened with O_PATH, and files that have lost their name or have a file mounted over them. A dentry
    // that is its own parent is in no directory.
    p.copy(Reg::R1, FILE);
    kernel.cast(&mut p, kernel.file);
    p.load(Reg::R2, Reg::R0, dentry.offset, dentry.size);
    p.load(Reg::R1, Reg::R2, flags.offset, flags.size);
    p.copy(Reg::R3, Reg::R1);
    p.op(Reg::R3, Op::And, kind);
    p.jump_if(Reg::R3, If::Equal, regular, tell);
    p.jump_if(Reg::R3, If::Equal, symlink, tell);
    p.load(Reg::R3, Reg::R2, parent.offset, parent.size);
    p.jump_if_reg(Reg::R3, If::Equal, Reg::R2, out);
    p.op(Reg::R1, Op::And, mounted);
    p.jump_if(Reg::R1, If::NotEqual, 0, tell);
    p.load(Reg::R3, Reg::R2, hashed.offset, hashed.size);
    p.jump_if(Reg::R3, If::NotEqual, 0, out);
    p.place(tell);
    p.store(STACK, to(Word::Fd), FD);
    for (path, word) in [("f_flags", Word::Flags), ("f_pos", Word::Position)] {
        let place = kernel.place(kernel.file, path)?;
        p.load(Reg::R0, FILE, place.offset, place.size);
        store(&mut p, word);
    }
    let (files, files_type) = kernel.pointer(kernel.task, "files")?;
    let (table, table_type) = kernel.pointer(files_type, "fdt")?;
    follow(&mut p, kernel, files);
    p.load(Reg::R1, Reg::R1, table.offset, table.size);
    number(&mut p, kernel, Reg::R1, kernel.offset(table_type, "close_on_exec")?);
    p.op(FD, Op::ShiftRight, 6);
    p.op(FD, Op::ShiftLeft, 3);
    p.op_reg(Reg::R0, Op::Add, FD);
    number(&mut p, kernel, Reg::R0, 0);
    store(&mut p, Word::CloseOnExec);

    let (mount, mount_type) = kernel.pointer(kernel.file, "f_path.mnt")?;
    let (of_parent, inode_type) = kernel.pointer(dentry_type, "d_inode")?;
    let (fs, fs_type) = kernel.pointer(inode_type, "i_sb")?;
    let (inode_number, device) = (kernel.place(inode_type, "i_ino")?, kernel.place(fs_type, "s_dev")?);
    let sequence = kernel.place(dentry_type, "d_seq.seqcount.sequence")?;
    p.copy(Reg::R1, FILE);
    kernel.cast(&mut p, kernel.file);
    p.load(DENTRY, Reg::R0, dentry.offset, dentry.size);
    p.load(Reg::R0, DENTRY, sequence.offset, sequence.size);
    p.store(STACK, SEQUENCE, Reg::R0);
    number(&mut p, kernel, FILE, mount.offset);
    store(&mut p, Word::Mount);
    number(&mut p, kernel, DENTRY, parent.offset);
    store(&mut p, Word::Directory);
    p.load(Reg::R1, STACK, to(Word::Mount), 8);
    p.op_reg(Reg::R0, Op::Add, Reg::R1);
    p.load(Reg::R1, STACK, PLACE, 8);
    p.op_reg(Reg::R0, Op::Add, Reg::R1);
    p.store(STACK, PLACE, Reg::R0);
    p.load(Reg::R1, DENTRY, parent.offset, parent.size);
    p.load(Reg::R1, Reg::R1, of_parent.offset, of_parent.size);
    p.load(Reg::R0, Reg::R1, inode_number.offset, inode_number.size);
    store(&mut p, Word::Inode);
    p.load(Reg::R1, Reg::R1, fs.offset, fs.size);
    p.load(Reg::R0, Reg::R1, device.offset, device.size);
    store(&mut p, Word::Device);

    // A name does not lead to the file if the file is of another kind, was deleted (d_unhashed), is the root of a mount
    // or has something mounted over it. On some file systems only a check can tell whether the name is still valid.
    p.store_value(STACK, to(Word::Named), 0);
    p.store_value(STACK, KEY, 0);
    p.load(Reg::R0, DENTRY, flags.offset, flags.size);
    p.op(Reg::R0, Op::And, kind | mounted | kernel.dentry_flag("OP_REVALIDATE")?);
    p.jump_if(Reg::R0, If::NotEqual, regular, whole);
    p.load(Reg::R0, DENTRY, hashed.offset, hashed.size);
    p.jump_if(Reg::R0, If::Equal, 0, whole);
    let root = kernel.place(mount_type, "mnt_root")?;
    p.copy(Reg::R1, FILE);
    kernel.cast(&mut p, kernel.file);
    p.load(Reg::R1, Reg::R0, mount.offset, mount.size);
    p.load(Reg::R1, Reg::R1, root.offset, root.size);
    p.jump_if_reg(Reg::R1, If::Equal, DENTRY, whole);
    p.store_value(STACK, to(Word::Named), 1);

    let note = |p: &mut Program, none: Label| {
        p.map(Reg::R1);
        p.at(Reg::R2, STACK, KEY);
        p.call(Helper::MapLookupElem);
        p.jump_if(Reg::R0, If::Equal, 0, none);
    };
    note(&mut p, whole);
    p.load(Reg::R1, Reg::R0, 0, 8);
    p.load(Reg::R2, STACK, PLACE, 8);
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, whole);
    number(&mut p, kernel, DENTRY, kernel.offset(dentry_type, "d_name.name")?);
    p.copy(Reg::R3, Reg::R0);
    p.at(Reg::R1, STACK, -PATH);
    p.set(Reg::R2, NAME);
    p.call(Helper::ProbeReadKernelStr);
    p.copy(LENGTH, Reg::R0);
    p.jump_if(LENGTH, If::Greater, NAME, nothing); // a negative number counts as a large one
    p.jump(told);

    p.place(whole);
    p.at(Reg::R1, FILE, kernel.offset(kernel.file, "f_path")?);
    p.at(Reg::R2, STACK, -PATH);
    p.set(Reg::R3, PATH.into());
    p.call(Helper::DPath);
    p.copy(LENGTH, Reg::R0);
    p.jump_if(LENGTH, If::Greater, PATH.into(), nothing);

    // Check whether the file was renamed in the meantime.
    p.place(told);
    p.load(Reg::R1, DENTRY, sequence.offset, sequence.size);
    p.load(Reg::R2, STACK, SEQUENCE, 8);
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, nothing);
    p.op(Reg::R1, Op::And, 1);
    p.jump_if(Reg::R1, If::NotEqual, 0, nothing);
    note(&mut p, print);
    p.load(Reg::R1, STACK, to(Word::Named), 8);
    p.jump_if(Reg::R1, If::Equal, 0, elsewhere);
    p.load(Reg::R1, STACK, PLACE, 8);
    p.place(elsewhere);
    p.store(Reg::R0, 0, Reg::R1);
    p.jump(print);
    p.place(nothing);
    p.set(LENGTH, 0);
    p.place(print);
    p.store(STACK, to(Word::Length), LENGTH);
    iterator::print(&mut p, HEAD, |p| p.at(Reg::R3, LENGTH, BYTES));
    p.place(out);
    p.exit();
    p.finish()
}

/// An open file of a process that may be a regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File<'a> {
    /// The descriptor.
    pub fd: u32,
    /// The flags, as in fdinfo.
    pub flags: u64,
    /// The position, as in fdinfo.
    pub position: u64,
    /// The directory that holds the file.
    pub directory: Directory,
    /// Whether its name in that directory leads to this file, and not to something mounted there.
    pub named: bool,
    /// The path, or a part of it.
    pub path: Path<'a>,
}

/// A directory, as seen through a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Directory {
    mount: u64,
    address: u64,
    /// The inode number of the directory.
    pub inode: u64,
    /// The device in the kernel's encoding: include/linux/kdev_t.h.
    device: u64,
}

impl Directory {
    /// Returns the major and minor number of the device.
    #[must_use]
    pub fn device(&self) -> (u32, u32) {
        const MINOR_BITS: u32 = 20;
        let part = |bits: u64| u32::try_from(bits).unwrap_or(u32::MAX);
        (part(self.device >> MINOR_BITS), part(self.device & ((1 << MINOR_BITS) - 1)))
    }
}

/// The printed part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path<'a> {
    /// The whole path, as in the link in /proc/PID/fd.
    Whole(&'a [u8]),
    /// The last part. The directory is that of a previous file whose whole path was printed.
    Name(&'a [u8]),
    /// Nothing, because the path is too long or the file was renamed in the meantime.
    Untold,
}

/// Calls `each` for each printed file. Returns `None` at anything else, and if no descriptor was visited.
pub(crate) fn each_file(printed: &[u8], mut each: impl FnMut(File<'_>)) -> Option<()> {
    /// The kernel keeps this flag for the descriptor, not for the file: fs/proc/fd.c, seq_show.
    const O_CLOEXEC: u64 = 0o2_000_000;
    let mut cursor = Cursor::new(printed);
    let mut visited = false;
    while !cursor.is_empty() {
        let [fd, flags, position, close_on_exec, mount, address, inode, device, named, length]: [u64; WORDS] =
            numbers(&mut cursor)?;
        if fd == i64::from(VISITED).cast_unsigned() {
            visited = true;
            continue;
        }
        let path = cursor.take(usize::try_from(length).ok()?)?;
        let closes = close_on_exec >> (fd % 64) & 1 != 0;
        each(File {
            fd: fd.try_into().ok()?,
            flags: if closes { flags | O_CLOEXEC } else { flags & !O_CLOEXEC },
            position,
            directory: Directory { mount, address, inode, device },
            named: named != 0,
            path: match path.strip_suffix(&[0]) {
                Some(path) if path.starts_with(b"/") => Path::Whole(path),
                Some(name) if named != 0 => Path::Name(name),
                _ => Path::Untold,
            },
        });
    }
    visited.then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_understood_and_nothing_else() {
        let printed = |words: &[u64]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        let mut bytes = printed(&[u64::MAX; WORDS]);
        bytes.extend(printed(&[65, 0o2_100_002, 5, 0b10, 1, 2, 3, 8 << 20 | 4, 1, 3]));
        bytes.extend(b"/a\0");
        bytes.extend(printed(&[1, 0o2_000_001, 0, 0, 1, 2, 3, 8 << 20 | 4, 1, 2]));
        bytes.extend(b"b\0");
        bytes.extend(printed(&[2, 0, 0, 0, 1, 2, 3, 4, 0, 0]));
        let mut found = Vec::new();
        assert_eq!(each_file(&bytes, |file| found.push((file.fd, file.flags, file.position, file.named))), Some(()));
        assert_eq!(found, [(65, 0o2_100_002, 5, true), (1, 1, 0, true), (2, 0, 0, false)]);
        let (mut paths, mut devices) = (Vec::new(), Vec::new());
        each_file(&bytes, |file| {
            paths.push(match file.path {
                Path::Whole(path) | Path::Name(path) => path.to_vec(),
                Path::Untold => Vec::new(),
            });
            devices.push(file.directory.device());
        });
        assert_eq!((paths, devices), (vec![b"/a".to_vec(), b"b".to_vec(), vec![]], vec![(8, 4), (8, 4), (0, 4)]));
        assert_eq!(each_file(&printed(&[1; WORDS]), |_| {}), None);
        assert_eq!(each_file(&[], |_| {}), None, "nobody was visited");
    }
}
