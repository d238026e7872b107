//! Where the kernel refuses what is faster, the answers are the same.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::env;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use psoxide::{AddressFamily, Backend, ConnectionKind, Field, Query, System};
use rustix::process::{Resource, Rlimit, setrlimit};

/// The variable that holds a part of the expected reason why BPF is not used.
const REFUSAL: &str = "PSOXIDE_TEST_REFUSAL";

/// The variable that tells the program in the cage which calls it is to forbid itself.
const FORBIDS: &str = "PSOXIDE_TEST_FORBIDS";

/// Runs [`caged`] by `program` with `args`; whether it could be run at all.
fn run(program: &str, args: &[&str], variables: &[(&str, &str)]) -> bool {
    let mut command = Command::new(program);
    command.args(args).arg(env::current_exe().unwrap()).args(["--exact", "caged", "--ignored", "--nocapture"]);
    command.env_remove("PSOXIDE_BACKEND").envs(variables.iter().copied()).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        psoxide_testing::skip(format_args!("{program} is not installed"));
        return false;
    };
    let [said, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    if !said.contains("running 1 test") {
        psoxide_testing::skip(format_args!("{program}: {errors}"));
        return false;
    }
    assert!(output.status.success(), "{said}{errors}");
    true
}

#[test]
fn a_seccomp_filter_may_forbid_what_is_faster() {
    assert!(run("env", &[], &[(FORBIDS, "bpf netlink pidfd")]));
    assert!(run("env", &[], &[(FORBIDS, "bpf")]));
    assert!(run("env", &[], &[(FORBIDS, "netlink pidfd")]));
}

#[test]
fn a_pass_that_gets_no_threads_does_its_work_alone() {
    assert!(run("env", &[], &[(FORBIDS, "threads")]));
    // Root may start more than the limit.
    if rustix::process::geteuid().is_root() {
        run("setpriv", &NOBODY, &[(FORBIDS, "limit")]);
    } else {
        assert!(run("env", &[], &[(FORBIDS, "limit")]));
    }
}

/// Another user, for setpriv(1).
const NOBODY: [&str; 4] = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];

#[test]
fn another_user_or_namespace_reads_proc() {
    if !rustix::process::geteuid().is_root() {
        return psoxide_testing::skip("it takes root to be someone else");
    }
    run("setpriv", &NOBODY, &[(FORBIDS, "expect-proc"), (REFUSAL, "capability CAP_SYS_PTRACE")]);
    let few = ["--inh-caps=-all", "--bounding-set=-sys_ptrace", "--"];
    run("setpriv", &few, &[(FORBIDS, "expect-proc")]);
    run(
        "unshare",
        &["--pid", "--fork", "--mount-proc", "--"],
        &[(FORBIDS, "expect-proc"), (REFUSAL, "the first pid namespace")],
    );
    let user = ["--user", "--map-root-user", "--"];
    run("unshare", &user, &[(FORBIDS, "expect-proc"), (REFUSAL, "the first user namespace")]);
    run("unshare", &["--net", "--"], &[]);
}

#[test]
fn the_environment_chooses() {
    assert!(run("env", &[], &[("PSOXIDE_BACKEND", "proc"), (FORBIDS, "expect-proc-by-default")]));
    assert!(run("env", &[], &[("PSOXIDE_BACKEND", "auto")]));
}

/// No test of its own: what the others run where something is forbidden.
#[test]
#[ignore = "other tests start it"]
fn caged() {
    let forbids = env::var(FORBIDS).unwrap_or_default();
    let calls = ["bpf", "netlink", "pidfd", "threads"].map(|call| forbids.contains(call));
    if calls.contains(&true) {
        ffi::forbid(calls);
    }
    if forbids.contains("limit") {
        setrlimit(Resource::Nproc, Rlimit { current: Some(1), maximum: Some(1) }).unwrap();
    }
    if forbids.contains("threads") || forbids.contains("limit") {
        assert!(thread::Builder::new().spawn(|| ()).is_err());
    }
    if forbids.contains("expect-proc-by-default") {
        assert_eq!(System::host().backend(), Backend::Proc);
    } else if forbids.contains("bpf") || forbids.contains("expect-proc") {
        let bpf = System::host().with_backend(Backend::Bpf);
        assert_eq!(bpf.backend(), Backend::Proc);
        let refusal = bpf.backend_refusal().unwrap();
        if let Ok(part) = env::var(REFUSAL) {
            assert!(refusal.contains(&part), "{refusal}");
        }
    }
    let tcp = TcpListener::bind("127.0.0.1:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let started_with = thread_count();
    let answers = [Backend::Auto, Backend::Bpf, Backend::Proc].map(|backend| {
        let system = System::host().with_backend(backend);
        let me = system.current_process().unwrap();
        let mut connections = me.net_connections(ConnectionKind::All).unwrap();
        connections.sort_by_key(|connection| connection.fd);
        let all = system.net_connections(ConnectionKind::All).unwrap();
        assert!(connections.iter().all(|connection| all.contains(connection)), "{connections:?}");
        // /proc/net/unix has no queues.
        for unix in connections.iter_mut().filter(|connection| connection.family == AddressFamily::Unix) {
            (unix.recv_queue, unix.send_queue) = (None, None);
        }
        let fields =
            [Field::Name, Field::Cmdline, Field::Username, Field::Uids, Field::Gids, Field::CreateTime, Field::Ppid];
        let snapshot = system.snapshot(Query::from(fields).with_threads(4)).unwrap();
        assert!(snapshot.processes.is_sorted_by_key(|row| row.pid));
        let row = snapshot.processes.iter().find(|row| row.pid == me.pid()).unwrap();
        let shown = fields.map(|field| format!("{:?}", row.get(field)));
        until_threads_are(started_with);
        let threads: Vec<u32> = me.threads().unwrap().iter().map(|thread| thread.id).collect();
        (connections, shown, me.open_files().unwrap(), me.children(true).unwrap(), threads, me.uids().unwrap())
    });
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[2]);
    assert_eq!(answers[0].0.len(), 2, "{:?}", answers[0].0);
    assert!(answers[0].2.iter().any(|open| open.path == file.path()));
    drop((tcp, unix));
}

/// How many threads the kernel lists of this program.
fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits for the threads of a snapshot to leave the kernel's list: a thread can be joined a moment before that.
fn until_threads_are(count: usize) {
    for _ in 0..5000 {
        if thread_count() <= count {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{} threads are left of {count}", thread_count());
}

mod ffi {
    #![allow(unsafe_code)]

    /// Makes calls fail with EPERM from here on: bpf(2), sockets of netlink(7), pidfd_open(2), clone(2).
    pub(super) fn forbid([bpf, netlink, pidfd, threads]: [bool; 4]) {
        use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
        let statement = |code: u32, k: u32| libc::sock_filter { code: code.try_into().unwrap(), jt: 0, jf: 0, k };
        let unless =
            |value: u32, skip: u8| libc::sock_filter { jf: skip, ..statement(BPF_JMP | BPF_JEQ | BPF_K, value) };
        let load = |offset: usize| statement(BPF_LD | BPF_W | BPF_ABS, offset.try_into().unwrap());
        let number = |call: libc::c_long| u32::try_from(call).unwrap();
        let refuse = statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned());
        // struct seccomp_data: the call's number first, its arguments of 64 bits from byte 16 on.
        let first_argument = if cfg!(target_endian = "little") { 16 } else { 20 };
        let mut filter = vec![load(0)];
        if bpf {
            filter.extend([unless(number(libc::SYS_bpf), 1), refuse]);
        }
        if pidfd {
            filter.extend([unless(number(libc::SYS_pidfd_open), 1), refuse]);
        }
        if threads {
            filter.extend([unless(number(libc::SYS_clone), 1), refuse, unless(number(libc::SYS_clone3), 1), refuse]);
        }
        if netlink {
            let family = u32::try_from(libc::AF_NETLINK).unwrap();
            filter.extend([unless(number(libc::SYS_socket), 3), load(first_argument), unless(family, 1), refuse]);
        }
        filter.push(statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW));
        let program = libc::sock_fprog { len: filter.len().try_into().unwrap(), filter: filter.as_mut_ptr() };
        // SAFETY: these take numbers, and a pointer to a program that outlives the call.
        unsafe {
            assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
            assert_eq!(libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program), 0);
        }
    }
}
