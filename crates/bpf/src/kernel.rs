//! Finds the fields that programs read in the running kernel's BTF.

use psoxide_parse::linux::btf::{Btf, Kind, TypeId};

use crate::asm::{Program, Reg};

/// A number in a struct of the kernel: its offset and size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: i16,
    /// The size: 1, 2, 4 or 8 bytes.
    pub(crate) size: u8,
}

pub(crate) struct Kernel<'a> {
    btf: Btf<'a>,
    pub(crate) task: TypeId,
    pub(crate) file: TypeId,
    pub(crate) iterate_tasks: TypeId,
    pub(crate) iterate_files: TypeId,
    pub(crate) rcu_lock: TypeId,
    pub(crate) rcu_unlock: TypeId,
    /// `bpf_rdonly_cast` (since Linux 6.2), which makes any address readable as a struct. Missing memory reads as
    /// zeros.
    cast: TypeId,
    /// A struct that begins with two 64-bit numbers, for reading anything as numbers. A pointer that is read with its
    /// declared type stays a pointer, with which the verifier allows little.
    numbers: TypeId,
    /// `bpf_task_from_pid` and `bpf_task_release` (since Linux 6.2).
    pub(crate) task_by_pid: Option<(TypeId, TypeId)>,
    /// `enum dentry_flags` (since Linux 6.12).
    dentry_flags: Option<TypeId>,
    /// `struct socket_alloc`, which holds a socket and its inode.
    pub(crate) socket_with_inode: Option<TypeId>,
    /// `struct tcp_sock` and `struct udp_sock`, which begin with the fields of all sockets.
    pub(crate) tcp_socket: Option<TypeId>,
    pub(crate) udp_socket: Option<TypeId>,
    /// `struct bpf_array`, the type of a per-CPU map.
    pub(crate) map: TypeId,
    /// The number of possible CPUs.
    pub(crate) cpus: i32,
    /// The user whose command lines are copied.
    pub(crate) user: u32,
}

impl<'a> Kernel<'a> {
    pub(crate) fn new(btf: &'a [u8], cpus: i32, user: u32) -> Option<Self> {
        let btf = Btf::parse(btf).ok()?;
        let [
            task,
            file,
            dentry_flags,
            socket_with_inode,
            tcp_socket,
            udp_socket,
            map,
            iterate_tasks,
            iterate_files,
            rcu_lock,
            rcu_unlock,
            cast,
            task_from_pid,
            task_release,
        ] = btf.find([
            (Kind::Struct, "task_struct"),
            (Kind::Struct, "file"),
            (Kind::Number, "dentry_flags"),
            (Kind::Struct, "socket_alloc"),
            (Kind::Struct, "tcp_sock"),
            (Kind::Struct, "udp_sock"),
            (Kind::Struct, "bpf_array"),
            (Kind::Function, "bpf_iter_task"),
            (Kind::Function, "bpf_iter_task_file"),
            (Kind::Function, "bpf_rcu_read_lock"),
            (Kind::Function, "bpf_rcu_read_unlock"),
            (Kind::Function, "bpf_rdonly_cast"),
            (Kind::Function, "bpf_task_from_pid"),
            (Kind::Function, "bpf_task_release"),
        ]);
        let task = task?;
        let signal = btf.pointee(btf.member(task, "signal")?.id)?;
        let [numbers, second] = ["prev_cputime", "prev_cputime.stime"].map(|path| btf.member(signal, path));
        let numbers = numbers.filter(|first| second.is_some_and(|second| second.offset == first.offset + 8))?;
        Some(Self {
            task,
            file: file?,
            iterate_tasks: iterate_tasks?,
            iterate_files: iterate_files?,
            rcu_lock: rcu_lock?,
            rcu_unlock: rcu_unlock?,
            cast: cast?,
            numbers: numbers.id,
            task_by_pid: task_from_pid.zip(task_release),
            dentry_flags,
            socket_with_inode,
            tcp_socket,
            udp_socket,
            map: map?,
            cpus,
            user,
            btf,
        })
    }

    /// Sets R0 to the address in R1, typed as a struct that can be read. R1 to R5 are lost.
    ///
    /// For a pointer that the verifier trusts, it searches all types of the kernel by name to find out whether to trust
    /// the pointers in the struct. That takes most of the time of loading. It does not trust the result of a cast.
    pub(crate) fn cast(&self, p: &mut Program, to: TypeId) {
        p.set(Reg::R2, to.cast_signed());
        p.call_kernel(self.cast);
    }

    /// Sets R0 to the address in R1, typed as two 64-bit numbers. R1 to R5 are lost.
    pub(crate) fn numbers(&self, p: &mut Program) {
        self.cast(p, self.numbers);
    }

    /// Sets `dst` to the 64 bits at the address in R1. R0 to R5 are lost.
    pub(crate) fn word(&self, p: &mut Program, dst: Reg) {
        self.numbers(p);
        p.load(dst, Reg::R0, 0, 8);
    }

    /// Finds a member that is a number or a pointer.
    pub(crate) fn place(&self, of: TypeId, path: &str) -> Option<Place> {
        let member = self.btf.member(of, path)?;
        let size = u8::try_from(self.btf.size(member.id)?).ok().filter(|size| matches!(size, 1 | 2 | 4 | 8))?;
        Some(Place { offset: i16::try_from(member.offset).ok()?, size })
    }

    /// Finds the offset of a member of any size.
    pub(crate) fn offset(&self, of: TypeId, path: &str) -> Option<i16> {
        i16::try_from(self.btf.member(of, path)?.offset).ok()
    }

    /// Finds a member that is a pointer, and the type that it points to.
    pub(crate) fn pointer(&self, of: TypeId, path: &str) -> Option<(Place, TypeId)> {
        let to = self.btf.pointee(self.btf.member(of, path)?.id)?;
        Some((self.place(of, path)?, to))
    }

    /// Returns the bits of a `d_flags` constant, whose name follows DCACHE_.
    pub(crate) fn dentry_flag(&self, name: &str) -> Option<i32> {
        self.btf.enumerator(self.dentry_flags?, &format!("DCACHE_{name}"))?.try_into().ok()
    }

    /// Returns the type that a pointer points to.
    pub(crate) fn pointee(&self, pointer: TypeId) -> Option<TypeId> {
        self.btf.pointee(pointer)
    }

    /// Finds the offset and the type of an array element.
    pub(crate) fn element(&self, of: TypeId, path: &str, index: u32) -> Option<(i16, TypeId)> {
        let array = self.btf.member(of, path)?;
        let (element, _) = self.btf.element(array.id)?;
        let offset = self.btf.size(element)?.checked_mul(index)?.checked_add(array.offset)?;
        Some((i16::try_from(offset).ok()?, element))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The structs that programs read, with a name and a type for each member. The offsets follow from this text and
    /// not from a kernel, so that a listing changes only if its program does.
    const TYPES: &str = include_str!("../tests/types.txt");
    const FUNCTIONS: [&str; 7] = [
        "bpf_iter_task",
        "bpf_iter_task_file",
        "bpf_rcu_read_lock",
        "bpf_rcu_read_unlock",
        "bpf_rdonly_cast",
        "bpf_task_from_pid",
        "bpf_task_release",
    ];

    /// The BTF of [`TYPES`], and the names of its types and functions by BTF id.
    pub(crate) struct Fixed {
        pub(crate) btf: Vec<u8>,
        pub(crate) names: HashMap<u32, String>,
    }

    /// The definition of a type in the text.
    enum Written {
        Number(u32),
        Pointer(String),
        Array(String, u32),
        Struct(Vec<(String, String)>),
        Flags(Vec<(String, u32)>),
        Function,
    }

    impl Fixed {
        pub(crate) fn new() -> Self {
            let mut types: Vec<(String, Written)> = [("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8)]
                .map(|(name, size)| (name.into(), Written::Number(size)))
                .into();
            for block in TYPES.split("\n\n").map(str::trim).filter(|block| !block.starts_with('#')) {
                let (name, members) = block.split_once(':').unwrap();
                let members = || members.split_whitespace();
                let written = match name.strip_prefix("enum ") {
                    Some(_) => Written::Flags(
                        members()
                            .map(|member| {
                                let (name, value) = member.split_once('=').unwrap();
                                (name.into(), value.parse().unwrap())
                            })
                            .collect(),
                    ),
                    None => Written::Struct(
                        members()
                            .map(|member| {
                                let (name, of) = member.split_once('=').unwrap();
                                (name.into(), of.into())
                            })
                            .collect(),
                    ),
                };
                types.push((name.trim_start_matches("enum ").into(), written));
            }
            types.extend(FUNCTIONS.map(|name| (name.into(), Written::Function)));
            // Pointers and arrays have BTF types of their own.
            let named: Vec<String> = types
                .iter()
                .filter_map(|(_, written)| match written {
                    Written::Struct(members) => Some(members.iter().map(|(_, of)| of.clone()).collect::<Vec<_>>()),
                    _ => None,
                })
                .flatten()
                .collect();
            let mut wanted = named;
            while let Some(of) = wanted.pop() {
                if types.iter().any(|(name, _)| *name == of) {
                    continue;
                }
                let written = if let Some(to) = of.strip_prefix('*') {
                    Written::Pointer(to.into())
                } else {
                    let (element, count) =
                        of.strip_prefix('[').unwrap().strip_suffix(']').unwrap().split_once(';').unwrap();
                    wanted.push(element.into());
                    Written::Array(element.into(), count.parse().unwrap())
                };
                types.push((of, written));
            }
            Self::write(&types)
        }

        fn write(types: &[(String, Written)]) -> Self {
            let id = |of: &str| {
                u32::try_from(1 + types.iter().position(|(name, _)| name == of).unwrap_or_else(|| panic!("{of}")))
                    .unwrap()
            };
            fn size(types: &[(String, Written)], of: &str) -> u32 {
                match &types.iter().find(|(name, _)| name == of).unwrap().1 {
                    Written::Number(size) => *size,
                    Written::Pointer(_) => 8,
                    Written::Array(element, count) => size(types, element) * count,
                    Written::Struct(members) => places(types, members).1,
                    Written::Flags(_) => 4,
                    Written::Function => 0,
                }
            }
            /// Returns the offset of each member, and the size of the struct.
            fn places(types: &[(String, Written)], members: &[(String, String)]) -> (Vec<u32>, u32) {
                let mut end = 0_u32;
                let offsets = members.iter().map(|(_, of)| {
                    let size = size(types, of);
                    let at = end.next_multiple_of(size.clamp(1, 8));
                    end = at + size;
                    at
                });
                (offsets.collect(), end.next_multiple_of(8))
            }
            let mut strings = vec![0];
            let mut string = |text: &str| {
                let at = u32::try_from(strings.len()).unwrap();
                strings.extend(text.as_bytes());
                strings.push(0);
                at
            };
            let mut words: Vec<u32> = Vec::new();
            let names = types.iter().map(|(name, _)| (id(name), name.clone())).collect();
            for (name, written) in types {
                let head = |kind: u32, count: usize| kind << 24 | u32::try_from(count).unwrap();
                match written {
                    Written::Number(size) => words.extend([string(name), head(1, 0), *size, size * 8]),
                    Written::Pointer(to) => {
                        // A pointer to a type that no program reads becomes a pointer to void.
                        let to = if types.iter().any(|(name, _)| name == to) { id(to) } else { 0 };
                        words.extend([0, head(2, 0), to]);
                    }
                    Written::Array(element, count) => words.extend([0, head(3, 0), 0, id(element), id("u32"), *count]),
                    Written::Struct(members) => {
                        let (offsets, size) = places(types, members);
                        words.extend([string(name), head(4, members.len()), size]);
                        for ((name, of), offset) in members.iter().zip(offsets) {
                            words.extend([string(name), id(of), offset * 8]);
                        }
                    }
                    Written::Flags(values) => {
                        words.extend([string(name), head(6, values.len()), 4]);
                        for (name, value) in values {
                            words.extend([string(name), *value]);
                        }
                    }
                    Written::Function => {
                        words.extend([string(name), head(12, 0), 0]);
                    }
                }
            }
            let (types, strings_length) =
                (u32::try_from(words.len() * 4).unwrap(), u32::try_from(strings.len()).unwrap());
            let header = [24, 0, types, types, strings_length].map(u32::to_ne_bytes).concat();
            let words: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
            let btf = [&0xeb9f_u16.to_ne_bytes()[..], &[1, 0], &header, &words, &strings].concat();
            Self { btf, names }
        }
    }

    /// Compares the listing of each program with the reviewed one. `INSTA_UPDATE=always cargo test -p psoxide-bpf`
    /// writes them.
    #[test]
    fn every_program_is_as_it_was_reviewed() {
        use crate::ffi::Runs;
        use crate::loaded::{Walk, assemble};
        let fixed = Fixed::new();
        let kernel = Kernel::new(&fixed.btf, 4, 1000).unwrap();
        for walk in Walk::ALL {
            let assembled = assemble(&kernel, walk).unwrap_or_else(|| panic!("{walk:?}: types.txt lacks a field"));
            let listing = crate::asm::listing(&assembled.program, |id| fixed.names[&id].clone());
            let runs = match assembled.runs {
                Runs::Iterator { function, sleepable: true } => format!("{}, may sleep", fixed.names[&function]),
                Runs::Iterator { function, sleepable: false } => fixed.names[&function].clone(),
                Runs::Call => "called, may sleep".into(),
            };
            let text = format!("{runs}\n{listing}");
            insta::with_settings!({ snapshot_path => "../listings", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("{walk:?}"), text);
            });
        }
    }
}
