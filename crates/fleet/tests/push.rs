//! Pushing to a collector that is away at first.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use prost::Message;
use psoxide::System;
use psoxide_fleet::otlp::message::{Request, ResourceMetrics};
use psoxide_fleet::otlp::settings::{Given, Settings};
use psoxide_fleet::otlp::{Spool, push};
use psoxide_fleet::{Collector, GroupBy, Names};

/// A request that a collector got: its head, and the message.
type Got = (String, Request);

/// Answers each connection with the next of `answers`, and the last one from then on.
fn collector(answers: Vec<&'static str>) -> (SocketAddr, Receiver<Got>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut line) = (String::new(), String::new());
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line).unwrap();
                head.push_str(&line.to_lowercase());
            }
            let length = head.split_once("content-length: ").unwrap().1;
            let mut body = vec![0; length.split_once('\r').unwrap().0.parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            if head.contains("content-encoding: gzip") {
                let mut plain = Vec::new();
                flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap();
                body = plain;
            }
            let answer = answers.get(number).or(answers.last()).unwrap();
            // Before the answer: whoever gets it may look at once.
            if answer.starts_with("200") {
                let _ = sender.send((head, Request::decode(body.as_slice()).unwrap()));
            }
            write!(stream.get_mut(), "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        }
    });
    (address, receiver)
}

fn settings(address: SocketAddr) -> Settings {
    let given = Given {
        endpoint: Some(format!("http://{address}")),
        headers: vec![("api-key".into(), "secret".into())],
        interval: Some(Duration::from_millis(50)),
        ..Given::default()
    };
    Settings::new(&given, &|_| None).unwrap()
}

/// The time of the first point, which tells samples apart.
fn time(request: &Request) -> u64 {
    use psoxide_fleet::otlp::message::Data;
    let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => gauge.data_points[0].time_unix_nano,
        Data::Sum(sum) => sum.data_points[0].time_unix_nano,
    }
}

fn sampler() -> Collector {
    Collector::new(System::host(), common::config(Names::Otel, GroupBy::Name))
}

#[test]
fn nothing_is_lost_while_the_collector_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Spool::open(folder.path(), 1 << 24).unwrap();
    let (address, got) =
        collector(vec!["503 Service Unavailable\r\nRetry-After: 1", "429 Too Many Requests", "200 OK"]);
    assert_eq!(push(sampler(), &settings(address), queue, Some(5), |_| {}), Ok(true));
    let got: Vec<Got> = got.try_iter().collect();
    assert_eq!(got.len(), 5);
    let times: Vec<u64> = got.iter().map(|(_, request)| time(request)).collect();
    assert!(times.is_sorted(), "the oldest goes first: {times:?}");
    let (head, request) = &got[0];
    for expected in ["post /v1/metrics http/1.1", "content-type: application/x-protobuf", "api-key: secret"] {
        assert!(head.contains(expected), "{head}");
    }
    // The machine, and processes of their own.
    assert!(request.resource_metrics.len() > 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_sample_that_the_queue_has_no_room_for_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Spool::open(folder.path(), 1).unwrap();
    let (address, got) = collector(vec!["503 Service Unavailable", "200 OK"]);
    assert_eq!(push(sampler(), &settings(address), queue, Some(3), |_| {}), Ok(false));
    assert!(got.try_iter().count() < 3);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_refused_sample_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Spool::open(folder.path(), 1 << 24).unwrap();
    let (address, got) = collector(vec!["400 Bad Request", "200 OK"]);
    assert_eq!(push(sampler(), &settings(address), queue, Some(2), |_| {}), Ok(false));
    assert_eq!(got.try_iter().count(), 1);
}

#[test]
fn what_an_earlier_run_left_is_sent_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut queue = Spool::open(folder.path(), 1 << 24).unwrap();
    let old = Request { resource_metrics: vec![ResourceMetrics::default()] }.encode_to_vec();
    queue.push(&old).unwrap();
    let (address, got) = collector(vec!["200 OK"]);
    assert_eq!(push(sampler(), &settings(address), queue, Some(1), |_| {}), Ok(true));
    let got: Vec<Got> = got.try_iter().collect();
    assert_eq!(got.len(), 2);
    let scopes = |number: usize| got[number].1.resource_metrics[0].scope_metrics.len();
    assert_eq!((scopes(0), scopes(1)), (0, 1));
}
