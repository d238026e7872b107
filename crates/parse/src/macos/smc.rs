//! AppleSMC: temperatures and fans, by the keys of the System Management Controller.
//!
//! An answer holds an `SMCParamStruct` for each key that the machine has. No header declares that struct: its layout is
//! that of Apple's open-source power daemon. Apple documents no keys. Those of Intel machines are the same across models.
//! Apple silicon has a few of them, and names the sensors of its cores differently with each chip.

use crate::view::{chunks, text, view};
use crate::{ParseError, Result};

view! {
    /// A key, its type and its value.
    pub struct Entry = "SMCParamStruct" (80) {
        /// The four characters of the key, the first in the highest byte.
        key: u32 = "key" @ 0,
        /// Bytes in the value.
        size: u32 = "keyInfo.dataSize" @ 28,
        /// The four characters of the type.
        kind: u32 = "keyInfo.dataType" @ 32,
        /// 0, or why there is no value.
        result: u8 = "result" @ 40,
        /// Value.
        value: [bytes 32] = "bytes" @ 48,
    }
}

/// A temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature {
    /// What the sensor measures.
    pub label: &'static str,
    /// Degrees Celsius.
    pub celsius: f64,
}

/// A fan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fan {
    /// Where it is, or its number.
    pub label: Vec<u8>,
    /// Revolutions per minute.
    pub rpm: u64,
}

/// The keys of temperatures.
const TEMPERATURES: [([u8; 4], &str); 40] = [
    (*b"TA0P", "Ambient"),
    (*b"TA1P", "Ambient 2"),
    (*b"TC0P", "CPU proximity"),
    (*b"TC0H", "CPU heatsink"),
    (*b"TC0D", "CPU die"),
    (*b"TC0E", "CPU die, virtual"),
    (*b"TC0F", "CPU die, filtered"),
    (*b"TCXC", "CPU, PECI"),
    (*b"TC0C", "CPU core 0"),
    (*b"TC1C", "CPU core 1"),
    (*b"TC2C", "CPU core 2"),
    (*b"TC3C", "CPU core 3"),
    (*b"TC4C", "CPU core 4"),
    (*b"TC5C", "CPU core 5"),
    (*b"TC6C", "CPU core 6"),
    (*b"TC7C", "CPU core 7"),
    (*b"TC8C", "CPU core 8"),
    (*b"TCGC", "Integrated GPU"),
    (*b"TCSA", "System agent"),
    (*b"TG0P", "GPU proximity"),
    (*b"TG0D", "GPU die"),
    (*b"TG0H", "GPU heatsink"),
    (*b"TG1P", "GPU 2 proximity"),
    (*b"TG1D", "GPU 2 die"),
    (*b"TM0P", "Memory proximity"),
    (*b"TM0S", "Memory slot"),
    (*b"TN0P", "Northbridge proximity"),
    (*b"TN0D", "Northbridge die"),
    (*b"TPCD", "Platform controller"),
    (*b"TB0T", "Battery"),
    (*b"TB1T", "Battery sensor 1"),
    (*b"TB2T", "Battery sensor 2"),
    (*b"TH0P", "Drive bay"),
    (*b"TH1P", "Drive bay 2"),
    (*b"Th1H", "Heatpipe 1"),
    (*b"Th2H", "Heatpipe 2"),
    (*b"Tp0P", "Power supply proximity"),
    (*b"Ts0P", "Palm rest"),
    (*b"TW0P", "Wireless module"),
    (*b"Tm0P", "Mainboard proximity"),
];

/// No machine has more fans.
const FANS: u8 = 10;

/// The number of fans.
const FAN_COUNT: [u8; 4] = *b"FNum";

/// Lists the keys to ask for temperatures.
pub fn temperature_keys() -> impl Iterator<Item = [u8; 4]> {
    TEMPERATURES.iter().map(|(key, _)| *key)
}

/// Lists the keys to ask for fans.
pub fn fan_keys() -> impl Iterator<Item = [u8; 4]> {
    let keys = (0..FANS).flat_map(|fan| [fan_key(fan, *b"ID"), fan_key(fan, *b"Ac")]);
    std::iter::once(FAN_COUNT).chain(keys)
}

/// `F0Ac`, the speed of the first fan, and `F0ID`, its name.
const fn fan_key(fan: u8, [a, b]: [u8; 2]) -> [u8; 4] {
    [b'F', b'0' + fan, a, b]
}

/// Reads the temperatures. Keys of the machine that hold no temperature are left out.
pub fn temperatures(bytes: &[u8]) -> Result<Vec<Temperature>> {
    let mut found = Vec::new();
    for entry in entries(bytes) {
        let entry = entry?;
        let label = TEMPERATURES.iter().find(|(key, _)| *key == entry.key().to_be_bytes()).map(|(_, label)| *label);
        // A sensor that is not fitted reads 0 or less. No part of a machine works at 150 °C.
        let celsius = entry.number().filter(|celsius| *celsius > 0.0 && *celsius < 150.0);
        if let (Some(label), Some(celsius)) = (label, celsius) {
            found.push(Temperature { label, celsius });
        }
    }
    Ok(found)
}

/// Reads the fans; `None` if the controller does not answer for fans.
pub fn fans(bytes: &[u8]) -> Result<Option<Vec<Fan>>> {
    let all = entries(bytes).collect::<Result<Vec<_>>>()?;
    let find = |key: [u8; 4]| all.iter().copied().find(|entry| entry.key().to_be_bytes() == key);
    let mut answered = find(FAN_COUNT).is_some();
    let mut fans = Vec::new();
    for fan in 0..FANS {
        let Some(speed) = find(fan_key(fan, *b"Ac")) else { continue };
        answered = true;
        let rpm = speed.number().ok_or_else(|| ParseError::malformed("F0Ac", &speed.kind().to_be_bytes()))?;
        let label = find(fan_key(fan, *b"ID")).and_then(Entry::fan_name);
        let label = label.map_or_else(|| format!("Fan {}", fan + 1).into_bytes(), <[u8]>::to_vec);
        fans.push(Fan { label, rpm: whole(rpm).ok_or_else(|| ParseError::malformed("F0Ac", speed.value()))? });
    }
    Ok(answered.then_some(fans))
}

/// The entries that have a value.
fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>>> {
    let all = chunks(bytes, Entry::SIZE, Entry::STRUCT).map(|entry| Entry::new(entry?));
    all.filter(|entry| entry.as_ref().map_or(true, |entry| entry.result() == 0))
}

impl<'a> Entry<'a> {
    /// The value as a number; `None` of another type, or of a value that is no number.
    fn number(self) -> Option<f64> {
        let number = match (&self.kind().to_be_bytes(), self.size()) {
            (b"sp78", 2) => f64::from(i16::from_be_bytes(*self.value().first_chunk()?)) / 256.0,
            (b"fpe2", 2) => f64::from(u16::from_be_bytes(*self.value().first_chunk()?)) / 4.0,
            (b"flt ", 4) => f64::from(f32::from_le_bytes(*self.value().first_chunk()?)),
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// The name in the description of a fan: four bytes about it, then a text of 12.
    fn fan_name(self) -> Option<&'a [u8]> {
        if (&self.kind().to_be_bytes(), self.size()) != (b"{fds", 16) {
            return None;
        }
        let name = text(self.value().get(4..16)?).trim_ascii();
        (!name.is_empty()).then_some(name)
    }
}

/// A speed, rounded; `None` if it is not one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the range is checked
fn whole(rpm: f64) -> Option<u64> {
    (0.0..1e6).contains(&rpm).then(|| rpm.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    fn entry(key: [u8; 4], kind: [u8; 4], value: &[u8]) -> Vec<u8> {
        let mut made = Made::new(80);
        made.u32(0, u32::from_be_bytes(key)).u32(28, u32::try_from(value.len()).unwrap());
        made.u32(32, u32::from_be_bytes(kind)).set(48, value);
        made.0
    }

    #[test]
    fn temperatures_of_each_type() {
        let answer = [
            entry(*b"TC0P", *b"sp78", &[0x2d, 0x80]),
            entry(*b"TB0T", *b"flt ", &31.25f32.to_le_bytes()),
            // Not fitted, not a number, another type, another size, an unknown key.
            entry(*b"TC0D", *b"sp78", &[0x80, 0]),
            entry(*b"TG0D", *b"flt ", &f32::NAN.to_le_bytes()),
            entry(*b"TG0P", *b"ui16", &[0, 45]),
            entry(*b"TM0P", *b"sp78", &[45]),
            entry(*b"TXXX", *b"sp78", &[45, 0]),
        ];
        let expected =
            [Temperature { label: "CPU proximity", celsius: 45.5 }, Temperature { label: "Battery", celsius: 31.25 }];
        assert_eq!(temperatures(&answer.concat()).unwrap(), expected);
        let mut refused = entry(*b"TC0P", *b"sp78", &[0x2d, 0x80]);
        refused[40] = 0x84;
        assert_eq!(temperatures(&refused), Ok(Vec::new()));
        assert_eq!(temperatures(&refused[..79]).unwrap_err().field(), "SMCParamStruct");
    }

    #[test]
    fn fans_with_and_without_names() {
        let answer = [
            entry(*b"FNum", *b"ui8 ", &[2]),
            entry(*b"F0ID", *b"{fds", b"\0\0\0\0Left side \0\0"),
            entry(*b"F0Ac", *b"fpe2", &[0x1f, 0x42]),
            entry(*b"F1Ac", *b"flt ", &1999.6f32.to_le_bytes()),
        ];
        let fan = |label: &str, rpm| Fan { label: label.into(), rpm };
        assert_eq!(fans(&answer.concat()), Ok(Some(vec![fan("Left side", 2001), fan("Fan 2", 2000)])));
        assert_eq!(fans(&entry(*b"FNum", *b"ui8 ", &[0])), Ok(Some(Vec::new())));
        assert_eq!(fans(&[]), Ok(None));
        for (kind, value) in [(*b"ui8 ", vec![9]), (*b"flt ", (-1f32).to_le_bytes().to_vec())] {
            assert_eq!(fans(&entry(*b"F0Ac", kind, &value)).unwrap_err().field(), "F0Ac");
        }
    }

    #[test]
    fn keys_are_asked_once() {
        let mut keys: Vec<_> = temperature_keys().chain(fan_keys()).collect();
        assert_eq!(keys.len(), 40 + 21);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 61);
        assert!(fan_keys().any(|key| key == *b"F9Ac"));
    }

    proptest! {
        #[test]
        fn never_panics(kind: [u8; 4], size in 0u32..40, value: [u8; 32], bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for key in [*b"TC0P", *b"F0Ac", *b"F0ID"] {
                let mut made = Made::new(80);
                made.u32(0, u32::from_be_bytes(key)).u32(28, size).u32(32, u32::from_be_bytes(kind)).set(48, value);
                let _ = (temperatures(&made.0), fans(&made.0));
            }
            let _ = (temperatures(&bytes), fans(&bytes));
        }
    }
}
