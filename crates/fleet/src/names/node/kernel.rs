//! The kernel and the clock: entropy, filefd, os, time, timex, uname, and the exporter itself.

use std::time::SystemTime;

use psoxide::{Error, Resource, System};
use psoxide_parse::lines;

use super::{file, line};
use crate::ffi;
use crate::metric::Families;
use crate::sources::Outcome;
use crate::text::{numbers, utf8};

pub(super) fn entropy(system: &System, out: &mut Families) -> Outcome {
    for (of, name, help) in [
        ("entropy_avail", "node_entropy_available_bits", "Entropy in the pool."),
        ("poolsize", "node_entropy_pool_size_bits", "Size of the pool of entropy."),
    ] {
        let bytes = system.kernel_file(format!("/proc/sys/kernel/random/{of}"))?;
        if let Some(value) = crate::text::number(&bytes) {
            out.gauge(name, help, &[], value);
        }
    }
    Ok(())
}

pub(super) fn file_descriptors(system: &System, out: &mut Families) -> Outcome {
    let values = numbers(&system.kernel_file("/proc/sys/fs/file-nr")?);
    if let [allocated, _, maximum] = values.as_slice() {
        out.gauge("node_filefd_allocated", "Open files of all processes.", &[], *allocated);
        // The kernel may say 2^63 - 1, which is no limit.
        out.gauge("node_filefd_maximum", "Most open files.", &[], *maximum);
    }
    Ok(())
}

pub(super) fn os(system: &System, out: &mut Families) -> Outcome {
    let bytes = match file(system, "/etc/os-release")? {
        Some(bytes) => bytes,
        None => system.kernel_file("/usr/lib/os-release")?,
    };
    let value = |name: &str| {
        let line = lines(&bytes).find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        line.map(|value| utf8(value).trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
    };
    let labels: Vec<(&'static str, String)> = [
        ("build_id", "BUILD_ID"),
        ("id", "ID"),
        ("id_like", "ID_LIKE"),
        ("image_id", "IMAGE_ID"),
        ("image_version", "IMAGE_VERSION"),
        ("name", "NAME"),
        ("pretty_name", "PRETTY_NAME"),
        ("variant", "VARIANT"),
        ("variant_id", "VARIANT_ID"),
        ("version", "VERSION"),
        ("version_codename", "VERSION_CODENAME"),
        ("version_id", "VERSION_ID"),
    ]
    .into_iter()
    .map(|(label, key)| (label, value(key)))
    .collect();
    let labels: Vec<(&'static str, &str)> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
    out.gauge("node_os_info", "The name of the operating system.", &labels, true);
    if let Ok(version) = value("VERSION_ID").parse::<f64>() {
        let named: Vec<_> = labels.into_iter().filter(|(name, _)| ["id", "id_like", "name"].contains(name)).collect();
        out.gauge("node_os_version", "The version of the operating system.", &named, version);
    }
    Ok(())
}

/// Reads whether SELinux is on, and whether it enforces its rules.
pub(super) fn selinux(system: &System, out: &mut Families) -> Outcome {
    let enforces = file(system, "/sys/fs/selinux/enforce")?.and_then(|bytes| crate::text::number(&bytes));
    out.gauge("node_selinux_enabled", "Whether SELinux is on.", &[], enforces.is_some());
    let Some(enforces) = enforces else { return Ok(()) };
    out.gauge("node_selinux_current_mode", "Whether SELinux enforces its rules.", &[], enforces);
    let config = file(system, "/etc/selinux/config")?.unwrap_or_default();
    let mode = lines(&config).find_map(|line| line.strip_prefix(b"SELINUX="));
    let mode = match mode.map(psoxide_parse::trim) {
        Some(b"enforcing") => 1,
        Some(b"permissive") => 0,
        _ => -1_i64,
    };
    out.gauge("node_selinux_config_mode", "Whether SELinux enforces its rules after a boot.", &[], mode);
    Ok(())
}

pub(super) fn time(system: &System, out: &mut Families) -> Outcome {
    if system.is_live()
        && let Ok(now) = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)
    {
        out.gauge("node_time_seconds", "Time of the system, in seconds since 1970.", &[], now);
        let zone = jiff::tz::TimeZone::system();
        let zone = zone.to_offset_info(jiff::Timestamp::now());
        let labels = [("time_zone", zone.abbreviation())];
        let help = "Offset of the local time to UTC.";
        out.gauge("node_time_zone_offset_seconds", help, &labels, i64::from(zone.offset().seconds()));
    }
    const CLOCKS: &str = "/sys/devices/system/clocksource";
    for entry in super::names(system, CLOCKS) {
        let Some(device) = entry.strip_prefix("clocksource") else { continue };
        let words = |of: &str| line(system, &format!("{CLOCKS}/{entry}/{of}_clocksource")).unwrap_or_default();
        for (of, name, help) in [
            ("available", "node_time_clocksource_available_info", "Clock sources that the kernel can use."),
            ("current", "node_time_clocksource_current_info", "The clock source in use."),
        ] {
            for clock in words(of).split_whitespace() {
                out.gauge(name, help, &[("clocksource", clock), ("device", device)], true);
            }
        }
    }
    Ok(())
}

/// Reads the state of the kernel's clock discipline: adjtimex(2).
pub(super) fn timex(system: &System, out: &mut Families) -> Outcome {
    if !system.is_live() {
        return Ok(());
    }
    let Some(timex) = ffi::timex() else { return Ok(()) };
    for (name, help, value) in [
        ("node_timex_estimated_error_seconds", "Estimated error.", timex.estimated_error),
        ("node_timex_frequency_adjustment_ratio", "Adjustment of the frequency.", timex.frequency),
        ("node_timex_loop_time_constant", "Time constant of the control loop.", timex.constant),
        ("node_timex_maxerror_seconds", "Largest error.", timex.max_error),
        ("node_timex_offset_seconds", "Offset that is being corrected.", timex.offset),
        ("node_timex_pps_frequency_hertz", "Frequency of the pulse.", timex.pps_frequency),
        ("node_timex_pps_jitter_seconds", "Jitter of the pulse.", timex.pps_jitter),
        ("node_timex_pps_shift_seconds", "Interval of the pulse.", timex.pps_shift),
        ("node_timex_pps_stability_hertz", "Stability of the pulse.", timex.pps_stability),
        ("node_timex_status", "Bits of the status.", timex.status),
        ("node_timex_sync_status", "Whether the clock is synchronised.", f64::from(u8::from(timex.synchronised))),
        ("node_timex_tai_offset_seconds", "Offset to international atomic time.", timex.tai),
        ("node_timex_tick_seconds", "Time between ticks.", timex.tick),
    ] {
        out.gauge(name, help, &[], value);
    }
    for (name, help, value) in [
        ("node_timex_pps_calibration_total", "Intervals calibrated.", timex.pps_calibrations),
        ("node_timex_pps_error_total", "Calibration errors.", timex.pps_errors),
        ("node_timex_pps_jitter_total", "Times that the limit of jitter was exceeded.", timex.pps_jitters),
        ("node_timex_pps_stability_exceeded_total", "Times that the pulse was unstable.", timex.pps_instabilities),
    ] {
        out.counter(name, help, &[], value);
    }
    Ok(())
}

pub(super) fn uname(system: &System, out: &mut Families) -> Outcome {
    let host = system.host_info()?;
    let domain = line(system, "/proc/sys/kernel/domainname").unwrap_or_else(|| "(none)".to_owned());
    let machine = host.machine.unwrap_or_default();
    let labels = [
        ("domainname", &*domain),
        ("machine", &*machine),
        ("nodename", &*host.hostname),
        ("release", &*host.release),
        ("sysname", &*host.system),
        ("version", &*host.version),
    ];
    out.gauge("node_uname_info", "The names of the machine and of its kernel.", &labels, true);
    Ok(())
}

/// Adds what the exporter itself uses, as every exporter of Prometheus does.
pub(super) fn exporter(system: &System, out: &mut Families) -> Outcome {
    if !system.is_live() {
        return Ok(());
    }
    let me = system.current_process()?;
    let times = me.cpu_times()?;
    let used = times.user.saturating_add(times.system);
    out.counter("process_cpu_seconds_total", "CPU time of the exporter.", &[], used);
    let memory = me.memory_info()?;
    out.gauge("process_resident_memory_bytes", "Resident memory of the exporter.", &[], memory.rss);
    out.gauge("process_virtual_memory_bytes", "Virtual memory of the exporter.", &[], memory.vms);
    out.gauge("process_open_fds", "Open file descriptors of the exporter.", &[], me.num_fds()?);
    #[allow(clippy::cast_precision_loss)] // no limit is 2^64
    let limit = |resource| -> Result<f64, Error> { Ok(me.rlimit(resource)?.soft.unwrap_or(u64::MAX) as f64) };
    out.gauge("process_max_fds", "Most open file descriptors of the exporter.", &[], limit(Resource::Nofile)?);
    let most = limit(Resource::As)?;
    out.gauge("process_virtual_memory_max_bytes", "Most virtual memory of the exporter.", &[], most);
    if let Ok(start) = me.create_time()?.duration_since(SystemTime::UNIX_EPOCH) {
        out.gauge("process_start_time_seconds", "Start of the exporter, in seconds since 1970.", &[], start);
    }
    Ok(())
}
