//! The text form: written captures are read back, and errors in a text are named.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure here is a failed test

use std::io::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use psoxide_capture::{Answer, Capture, Entry, Header, Origin};

fn sample() -> Capture {
    let mut header = Header::default();
    header.origin = Origin::Recorded;
    header.system = "sunos".into();
    header.release = "5.11".into();
    header.page_size = 16384;
    header.clock_ticks = 250;
    header.big_endian = true;
    header.boot_time = Some(1_700_000_000);
    header.taken = Some(Duration::new(1_700_000_100, 5));
    header.uid = Some(1000);
    header.notes = vec!["two\nlines".into(), String::new()];
    let mut capture = Capture::new(header);
    let mut add = |name: &[u8], entry| capture.entries.insert(name.to_vec(), entry);
    add(b"proc/1/cmdline", Entry::File(b"/bin/x\0-a\0\0".to_vec()));
    add(b"proc/1/comm", Entry::File(b"back\\slash \\x41\n".to_vec()));
    add(b"proc/1/empty", Entry::File(Vec::new()));
    add(b"proc/1/blank", Entry::File(b"\n\n# no comment\n|\n>".to_vec()));
    add(b"proc/1/bytes", Entry::File((0..=255).collect()));
    add(b"proc/1/fd", Entry::Dir);
    add(b"proc/1/odd -> -> \n\xff\\", Entry::Link(b"a -> \xe4\r\nb".to_vec()));
    add("proc/1/größe\t".as_bytes(), Entry::File("ä\u{85}\r\n".into()));
    capture.record("kstat cpu:0", Ok([[1; 40], [0; 40]].concat()));
    capture.record("zeros", Ok(vec![0; 1000]));
    capture.record("none", Ok(Vec::new()));
    capture.record("refused", Err(13));
    capture
}

#[test]
fn what_is_written_is_read_back() {
    let capture = sample();
    let text = capture.to_text();
    assert_eq!(Capture::parse(&text).unwrap(), capture, "{text}");
    assert!(text.contains("file proc/1/cmdline\n>/bin/x\\0-a\\0\\0\n"), "{text}");
    assert!(text.contains("ask refused\nerrno 13 EACCES\n"), "{text}");
    assert!(text.contains("ask zeros\n+03e0 00000000 00000000                   |........|\n"), "{text}");
    // A checkout on Windows may have other line endings.
    assert_eq!(Capture::parse(&text.replace('\n', "\r\n")).unwrap(), capture);
}

#[test]
fn an_absent_question_is_not_a_refused_one() {
    let capture = sample();
    assert_eq!(capture.answer("refused"), Some(Answer::Errno(13)));
    assert_eq!(capture.answer("none"), Some(Answer::Bytes(b"")));
    assert_eq!(capture.answer("never asked"), None);
    assert_eq!(capture.system(), "sunos");
}

#[test]
fn rows_leave_out_zeros() {
    let text = "psoxide-capture 1\nask a\n+0000 01020304 |....|\n+0010 ff |it is ignored\n+20\n";
    let capture = Capture::parse(text).unwrap();
    let Some(Answer::Bytes(bytes)) = capture.answer("a") else { panic!("{capture:?}") };
    assert_eq!((bytes.len(), &bytes[..5], bytes[16], bytes[31]), (32, &[1, 2, 3, 4, 0][..], 255, 0));
}

#[test]
fn errors_name_the_line() {
    for (text, line) in [
        ("page_size x", 2),
        ("byte_order middle", 2),
        ("origin heard", 2),
        ("taken 1.5", 2),
        ("taken 1.5000000000", 2),
        ("file a\n>b\n|c", 4),
        ("file a\n|\\q", 3),
        ("file a\n|\\x4", 3),
        ("dir a\ndir a", 3),
        ("|text", 2),
        ("errno 1", 2),
        ("file a\nerrno 1", 3),
        ("ask a\nerrno x", 3),
        ("ask a\n>b\nerrno 1", 4),
        ("ask a\nerrno 1\n>b", 4),
        ("ask a\nerrno 1\nerrno 2", 4),
        ("ask a\nask b\nask a", 4),
        ("ask a\n+0000 0", 3),
        ("ask a\n+0000 0g", 3),
        ("ask a\n+ 00", 3),
        ("ask a\n+0000 0000\n+0001 00", 4),
        ("ask a\n+ffffffffff 00", 3),
        ("ask a\n+3ffffff\nask b\n+3ffffff", 5),
        ("word", 2),
        ("system ", 2),
        ("word x", 2),
    ] {
        let error = Capture::parse(&format!("psoxide-capture 1\n{text}")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("line {line}: ")), "{text}: {error}");
    }
    assert!(Capture::parse("").is_err());
    assert!(Capture::parse("psoxide-capture 2\n").is_err());
}

#[test]
fn a_file_may_be_compressed() {
    let capture = sample();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(capture.to_text().as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    file.write_all(&packed).unwrap();
    assert_eq!(Capture::read(file.path()).unwrap(), capture);
    assert_eq!(Capture::from_bytes(capture.to_text().as_bytes()).unwrap(), capture);
    assert!(Capture::from_bytes(&packed[..packed.len() / 2]).is_err());
    assert!(Capture::from_bytes(b"\xff\xfe").is_err());
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        "[ -~\\n\\x00]{0,60}".prop_map(String::into_bytes),
        (0..90usize, any::<u8>(), 0..90usize)
            .prop_map(|(before, byte, after)| { [vec![0; before], vec![byte], vec![0; after]].concat() }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![bytes().prop_map(Entry::File), bytes().prop_map(Entry::Link), Just(Entry::Dir)]
}

proptest! {
    #[test]
    fn every_capture_is_read_back(
        entries in prop::collection::btree_map(bytes(), entry(), 0..5),
        answers in prop::collection::btree_map(any::<String>(), prop::result::maybe_ok(bytes(), any::<i32>()), 0..5),
        (system, notes) in any::<(String, Vec<String>)>(),
        (page_size, boot_time, uid) in any::<(u64, Option<u64>, Option<u32>)>(),
        taken in any::<Option<Duration>>(),
    ) {
        let mut header = Header::default();
        // A capture always names its system.
        header.system = if system.is_empty() { header.system } else { system };
        (header.notes, header.page_size, header.boot_time, header.uid) = (notes, page_size, boot_time, uid);
        header.taken = taken;
        let mut capture = Capture::new(header);
        (capture.entries, capture.answers) = (entries, answers);
        let text = capture.to_text();
        prop_assert_eq!(Capture::parse(&text).unwrap(), capture);
    }

    #[test]
    fn no_text_is_too_much(text in "(psoxide-capture 1\n)?([a-z]{1,6} |[|>+])?[ -~\\n]{0,80}") {
        if let Ok(capture) = Capture::parse(&text) {
            prop_assert_eq!(Capture::parse(&capture.to_text()).unwrap(), capture);
        }
    }
}
