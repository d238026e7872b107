//! adjtimex(2) and mallopt(3), which rustix does not wrap.
#![allow(unsafe_code)]

/// The state of the kernel's clock discipline, in seconds and hertz.
pub(crate) struct Timex {
    pub(crate) offset: f64,
    pub(crate) frequency: f64,
    pub(crate) max_error: f64,
    pub(crate) estimated_error: f64,
    pub(crate) status: f64,
    pub(crate) constant: f64,
    pub(crate) tick: f64,
    pub(crate) pps_frequency: f64,
    pub(crate) pps_jitter: f64,
    pub(crate) pps_shift: f64,
    pub(crate) pps_stability: f64,
    pub(crate) pps_jitters: f64,
    pub(crate) pps_calibrations: f64,
    pub(crate) pps_errors: f64,
    pub(crate) pps_instabilities: f64,
    pub(crate) tai: f64,
    pub(crate) synchronised: bool,
}

/// Reads the state of the clock; `None` where a sandbox refuses it.
#[allow(clippy::cast_precision_loss)] // these numbers are small
pub(crate) fn timex() -> Option<Timex> {
    /// The clock is not synchronised.
    const TIME_ERROR: libc::c_int = 5;
    /// Frequencies are in parts per million, with 16 bits of fraction.
    const PPM16: f64 = 1_000_000.0 * 65_536.0;
    // SAFETY: a struct of integers, for which zero is a value; `modes` 0 only reads.
    let mut raw: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole struct of this kernel's layout, which the call fills.
    let state = unsafe { libc::adjtimex(&raw mut raw) };
    if state < 0 {
        return None;
    }
    let unit = if raw.status & libc::STA_NANO != 0 { 1e9 } else { 1e6 };
    Some(Timex {
        offset: raw.offset as f64 / unit,
        frequency: 1.0 + raw.freq as f64 / PPM16,
        max_error: raw.maxerror as f64 / 1e6,
        estimated_error: raw.esterror as f64 / 1e6,
        status: f64::from(raw.status),
        constant: raw.constant as f64,
        tick: raw.tick as f64 / 1e6,
        pps_frequency: raw.ppsfreq as f64 / PPM16,
        pps_jitter: raw.jitter as f64 / unit,
        pps_shift: f64::from(raw.shift),
        pps_stability: raw.stabil as f64 / PPM16,
        pps_jitters: raw.jitcnt as f64,
        pps_calibrations: raw.calcnt as f64,
        pps_errors: raw.errcnt as f64,
        pps_instabilities: raw.stbcnt as f64,
        tai: f64::from(raw.tai),
        synchronised: state != TIME_ERROR,
    })
}

/// Makes this program return the memory of a sample to the system between samples: all threads share one heap, and large
/// buffers are mappings of their own, which end when they are freed.
///
/// This holds for the whole program, so only a program decides it. It must be called before other threads are started.
/// Only the GNU C library has these settings.
pub fn keep_heap_small() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [(libc::M_ARENA_MAX, 1), (libc::M_MMAP_THRESHOLD, 128 << 10)] {
        // SAFETY: mallopt takes two integers and may be called at any time. It ignores what it does not know.
        unsafe { libc::mallopt(parameter, value) };
    }
}
