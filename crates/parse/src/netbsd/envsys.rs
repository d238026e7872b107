//! `ENVSYS_GETDICTIONARY`: sensors, as envsys(4) describes them in a property list.

use crate::plist::{self, Value};
use crate::{ParseError, Result};

/// A device with sensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name, such as "coretemp0".
    pub name: Vec<u8>,
    /// Its sensors, in the device's order.
    pub sensors: Vec<Sensor>,
}

/// A sensor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sensor {
    /// What it is called.
    pub description: Vec<u8>,
    /// What it measures: "Temperature", "Fan", "Indicator", "Watt hour", …
    pub kind: Vec<u8>,
    /// The value; `None` while the sensor has none. Temperatures are in microkelvins, fans in turns a minute, and
    /// electricity in millionths of its unit.
    pub value: Option<i64>,
    /// The largest possible value.
    pub max: Option<i64>,
    /// Above this value it is too high.
    pub warning_max: Option<i64>,
    /// Above this value there is danger.
    pub critical_max: Option<i64>,
}

/// Reads all devices with sensors.
pub fn devices(text: &[u8]) -> Result<Vec<Device>> {
    let list = plist::parse(text)?;
    let Value::Dict(entries) = &list else { return Err(ParseError::malformed("envsys", text)) };
    entries.iter().map(|(name, sensors)| device(name, sensors)).collect()
}

fn device(name: &[u8], list: &Value) -> Result<Device> {
    let Value::Array(elements) = list else { return Err(ParseError::malformed("envsys", name)) };
    // One element of each list describes the device itself.
    let sensors = elements.iter().filter(|element| element.get("device-properties").is_none()).map(sensor);
    Ok(Device { name: name.to_vec(), sensors: sensors.collect::<Result<_>>()? })
}

fn sensor(dict: &Value) -> Result<Sensor> {
    let text = |name, field| dict.get(name).and_then(Value::text).ok_or_else(|| ParseError::missing(field));
    let number = |name| dict.get(name).and_then(Value::integer);
    // A sensor that says nothing of its state has a value.
    let is_valid =
        dict.get("state").and_then(Value::text).is_none_or(|state| !matches!(state, b"invalid" | b"unknown"));
    Ok(Sensor {
        description: text("description", "description")?.to_vec(),
        kind: text("type", "type")?.to_vec(),
        value: number("cur-value").filter(|_| is_valid),
        max: number("max-value"),
        warning_max: number("warning-max"),
        critical_max: number("critical-max"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "<plist version=\"1.0\"><dict><key>coretemp0</key><array>\
        <dict><key>description</key><string>cpu0 temperature</string><key>type</key><string>Temperature</string>\
        <key>state</key><string>valid</string><key>cur-value</key><integer>0x13a0e0d0</integer>\
        <key>critical-max</key><integer>0x163f5260</integer></dict>\
        <dict><key>description</key><string>off</string><key>type</key><string>Fan</string>\
        <key>state</key><string>invalid</string><key>cur-value</key><integer>0</integer></dict>\
        <dict><key>device-properties</key><dict><key>refresh-timeout</key><integer>30</integer></dict></dict>\
        </array></dict></plist>";

    #[test]
    fn a_device_and_its_sensors() {
        let found = devices(LIST.as_bytes()).unwrap();
        assert_eq!((found.len(), found[0].name.as_slice(), found[0].sensors.len()), (1, &b"coretemp0"[..], 2));
        let [temperature, fan] = &found[0].sensors[..] else { panic!() };
        assert_eq!((temperature.value, temperature.critical_max), (Some(0x13a0_e0d0), Some(0x163f_5260)));
        assert_eq!((fan.description.as_slice(), fan.value, fan.max), (&b"off"[..], None, None));
    }

    #[test]
    fn what_is_missing_is_named() {
        let without = |text| devices(LIST.replace(text, "x").as_bytes()).unwrap_err().field();
        assert_eq!(without("<key>type</key><string>Fan</string>"), "type");
        assert_eq!(devices(b"<plist><array/></plist>").unwrap_err().field(), "envsys");
        assert_eq!(devices(b"<plist><dict><key>a</key><true/></dict></plist>").unwrap_err().field(), "envsys");
    }

    proptest! {
        #[test]
        fn never_panics(at in 0usize..LIST.len(), byte: u8) {
            let mut text = LIST.as_bytes().to_vec();
            text[at] = byte;
            let _ = devices(&text);
        }
    }
}
