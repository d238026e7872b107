//! Properties of IOKit, as `live` writes them: an XML property list of the names that a reading needs.
//!
//! The names are those of IOKit's headers: storage/IOBlockStorageDriver.h, storage/IOMedia.h, IOBSD.h, ps/IOPSKeys.h.

use std::time::Duration;

use crate::plist::{self, Value};
use crate::{ParseError, Result};

/// A whole disk and its counters since the boot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// The name of the device in /dev, such as "disk0".
    pub name: Vec<u8>,
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Time that reads took; `None` if the driver does not measure it.
    pub read_time: Option<Duration>,
    /// Time that writes took.
    pub write_time: Option<Duration>,
}

/// A battery of the machine, or of an uninterruptible power supply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PowerSource {
    /// Whether it is built into the machine.
    pub is_internal: bool,
    /// Charge in percent.
    pub percent: f64,
    /// Whether the machine is on mains power.
    pub is_plugged: bool,
    /// Time until it is empty; `None` while that is not known.
    pub time_to_empty: Option<Duration>,
}

/// The lowest and the highest frequency of all cores, in kilohertz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frequencies {
    /// The lowest.
    pub min: u64,
    /// The highest.
    pub max: u64,
}

/// Reads the disks: a list of the name and the driver's statistics of each whole disk. A disk whose driver has no
/// statistics is left out.
pub fn disks(text: &[u8]) -> Result<Vec<Disk>> {
    let list = elements(text, "IOMedia")?;
    let counted = list.iter().filter_map(|disk| Some((disk, disk.get("Statistics")?)));
    counted.map(|(disk, statistics)| one_disk(disk, statistics)).collect()
}

fn one_disk(disk: &Value, statistics: &Value) -> Result<Disk> {
    let count = |name, field| match statistics.get(name).map(Value::integer) {
        // The kernel keeps 64 bits without a sign, and the text has the same bits.
        Some(Some(count)) => Ok(count.cast_unsigned()),
        _ => Err(ParseError::missing(field)),
    };
    let time =
        |name| Some(Duration::from_nanos(statistics.get(name).and_then(Value::integer).map(i64::cast_unsigned)?));
    Ok(Disk {
        name: disk.get("BSD Name").and_then(Value::text).ok_or_else(|| ParseError::missing("BSD Name"))?.to_vec(),
        reads: count("Operations (Read)", "Operations (Read)")?,
        writes: count("Operations (Write)", "Operations (Write)")?,
        bytes_read: count("Bytes (Read)", "Bytes (Read)")?,
        bytes_written: count("Bytes (Write)", "Bytes (Write)")?,
        read_time: time("Total Time (Read)"),
        write_time: time("Total Time (Write)"),
    })
}

/// Reads the power sources, in the system's order.
pub fn power_sources(text: &[u8]) -> Result<Vec<PowerSource>> {
    elements(text, "power sources")?.iter().map(power_source).collect()
}

#[allow(clippy::cast_precision_loss)] // charges are small numbers, mostly percents
fn power_source(source: &Value) -> Result<PowerSource> {
    let number = |name| source.get(name).and_then(Value::integer);
    let text = |name| source.get(name).and_then(Value::text);
    let charge = number("Current Capacity").ok_or_else(|| ParseError::missing("Current Capacity"))?;
    // Apple's batteries count percents of 100. Others have units of their own.
    let full = number("Max Capacity").filter(|full| *full > 0).unwrap_or(100);
    let state = text("Power Source State").ok_or_else(|| ParseError::missing("Power Source State"))?;
    Ok(PowerSource {
        is_internal: text("Type") == Some(b"InternalBattery"),
        percent: 100.0 * charge as f64 / full as f64,
        is_plugged: state == b"AC Power",
        // -1 while the system calculates it.
        time_to_empty: number("Time to Empty")
            .and_then(|minutes| u64::try_from(minutes).ok()?.checked_mul(60))
            .map(Duration::from_secs),
    })
}

/// Reads the tables of voltages of the power manager of Apple silicon: for each step of a cluster of cores, its frequency
/// and its voltage, of 32 bits each. Returns `None` if a table is absent or has no step.
pub fn frequencies(text: &[u8]) -> Result<Option<Frequencies>> {
    let list = plist::parse(text)?;
    let table = |name| {
        let bytes = match list.get(name) {
            Some(table) => table.data().ok_or_else(|| ParseError::malformed(name, text))?,
            None => &[],
        };
        let steps = crate::view::chunks(bytes, 8, name).map(|step| {
            let step = step?.first_chunk().map(|step| u64::from(u32::from_le_bytes(*step)));
            step.ok_or_else(|| ParseError::missing(name))
        });
        // Steps that the machine does not use are 0.
        steps.filter(|step| !matches!(step, Ok(0))).collect::<Result<Vec<u64>>>()
    };
    let (efficiency, performance) = (table("voltage-states1-sram")?, table("voltage-states5-sram")?);
    let ends = |steps: Vec<u64>| steps.iter().copied().min().zip(steps.into_iter().max());
    let (Some(one), Some(other)) = (ends(efficiency), ends(performance)) else { return Ok(None) };
    let (min, max) = (one.0.min(other.0), one.1.max(other.1));
    // In hertz up to the M3, and in kilohertz since the M4. No core has 100 GHz, and none 100 kHz.
    let unit = if max >= 100_000_000 { 1000 } else { 1 };
    Ok(Some(Frequencies { min: min / unit, max: max / unit }))
}

/// The elements of a list.
fn elements(text: &[u8], field: &'static str) -> Result<Vec<Value>> {
    match plist::parse(text)? {
        Value::Array(elements) => Ok(elements),
        _ => Err(ParseError::malformed(field, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DISKS: &str = "<plist version=\"1.0\"><array><dict><key>BSD Name</key><string>disk0</string>\
        <key>Statistics</key><dict><key>Operations (Read)</key><integer>5</integer>\
        <key>Operations (Write)</key><integer>6</integer><key>Bytes (Read)</key><integer>20480</integer>\
        <key>Bytes (Write)</key><integer>-1</integer><key>Total Time (Read)</key><integer>1500000</integer></dict></dict>\
        <dict><key>BSD Name</key><string>disk4</string></dict></array></plist>";

    const BATTERY: &str = "<plist version=\"1.0\"><array><dict><key>Type</key><string>InternalBattery</string>\
        <key>Current Capacity</key><integer>45</integer><key>Max Capacity</key><integer>90</integer>\
        <key>Power Source State</key><string>Battery Power</string><key>Time to Empty</key><integer>83</integer>\
        </dict></array></plist>";

    #[test]
    fn disks_with_statistics() {
        let found = disks(DISKS.as_bytes()).unwrap();
        assert_eq!((found.len(), found[0].name.as_slice(), found[0].reads, found[0].writes), (1, &b"disk0"[..], 5, 6));
        assert_eq!((found[0].bytes_read, found[0].bytes_written), (20480, u64::MAX));
        assert_eq!((found[0].read_time, found[0].write_time), (Some(Duration::from_micros(1500)), None));
        let without = |name| disks(DISKS.replacen(name, "x", 1).as_bytes()).unwrap_err().field();
        assert_eq!((without("Bytes (Read)"), without("BSD Name")), ("Bytes (Read)", "BSD Name"));
        assert_eq!(disks(b"<plist><dict/></plist>").unwrap_err().field(), "IOMedia");
    }

    #[test]
    fn batteries() {
        let found = power_sources(BATTERY.as_bytes()).unwrap();
        let expected = PowerSource {
            is_internal: true,
            percent: 50.0,
            is_plugged: false,
            time_to_empty: Some(Duration::from_secs(83 * 60)),
        };
        assert_eq!(found, [expected]);
        let other = BATTERY.replace("83", "-1").replace("Battery Power", "AC Power").replace("Max", "Min");
        let found = power_sources(other.as_bytes()).unwrap();
        assert_eq!((found[0].percent, found[0].is_plugged, found[0].time_to_empty), (45.0, true, None));
        assert_eq!(power_sources(b"<plist><array/></plist>"), Ok(Vec::new()));
        let without = BATTERY.replace("Current", "Past");
        assert_eq!(power_sources(without.as_bytes()).unwrap_err().field(), "Current Capacity");
    }

    #[test]
    fn steps_in_hertz_and_in_kilohertz() {
        // 600 MHz and 2064 MHz; 600 MHz, an unused step, and 3204 MHz.
        let of_m1 = "<plist><dict><key>voltage-states1-sram</key><data>AEbDIwADAAAAJAZ7AAQAAA==</data>\
                     <key>voltage-states5-sram</key><data>AEbDIxADAAAAAAAAAAAAAAAp+b5QBAAA</data></dict></plist>";
        let found = frequencies(of_m1.as_bytes()).unwrap().unwrap();
        assert_eq!((found.min, found.max), (600_000, 3_204_000));
        // 1020 MHz; 4512 MHz.
        let of_m4 = "<plist><dict><key>voltage-states1-sram</key><data>YJAPAAAAAAA=</data>\
                     <key>voltage-states5-sram</key><data>ANlEAAAAAAA=</data></dict></plist>";
        assert_eq!(frequencies(of_m4.as_bytes()), Ok(Some(Frequencies { min: 1_020_000, max: 4_512_000 })));
        let field = |text: &str| frequencies(text.as_bytes()).unwrap_err().field();
        assert_eq!(field(&of_m4.replace("ANlEAAAAAAA=", "ANlE")), "voltage-states5-sram");
        let unused = of_m4.replace("YJAPAAAAAAA=", "AAAAAAAAAAA=").replace("ANlEAAAAAAA=", "");
        assert_eq!(frequencies(unused.as_bytes()), Ok(None));
    }

    #[test]
    fn a_table_of_voltages_that_is_absent_or_empty_says_nothing() {
        const STEPS: &str = "<data>YJAPAAAAAAA=</data>";
        for (one, other) in [("<key>voltage-states1-sram</key>", STEPS), ("<key>voltage-states5-sram</key>", STEPS)] {
            let without = format!("<plist><dict>{one}{other}</dict></plist>");
            assert_eq!(frequencies(without.as_bytes()), Ok(None));
        }
        assert_eq!(frequencies(b"<plist><dict></dict></plist>"), Ok(None));
        let of_text = "<plist><dict><key>voltage-states1-sram</key><string>fast</string></dict></plist>";
        assert_eq!(frequencies(of_text.as_bytes()).unwrap_err().field(), "voltage-states1-sram");
    }

    proptest! {
        #[test]
        fn never_panics(at in 0usize..BATTERY.len(), byte: u8, bytes: Vec<u8>) {
            for text in [BATTERY, DISKS] {
                let mut text = text.as_bytes().to_vec();
                let at = at.min(text.len() - 1);
                text[at] = byte;
                let _ = (disks(&text), power_sources(&text), frequencies(&text));
            }
            let _ = (disks(&bytes), power_sources(&bytes), frequencies(&bytes));
        }
    }
}
