//! Temperatures and the battery, as both systems compute them.

use std::time::Duration;

use crate::memory::percent;
use crate::{Battery, TimeLeft};

/// Degrees of so many microkelvins.
#[allow(clippy::cast_precision_loss)] // temperatures are small
pub(crate) fn celsius(microkelvins: i64) -> f64 {
    (microkelvins - 273_150_000) as f64 / 1_000_000.0
}

/// Computes the state of all batteries together from their charge, their full charge, and what they lose in an hour. Returns
/// `None` without a battery.
pub(crate) fn battery(charge: u64, full: u64, rate: u64, power_plugged: Option<bool>) -> Option<Battery> {
    if full == 0 {
        return None;
    }
    let secsleft = match (power_plugged, charge.saturating_mul(3600).checked_div(rate)) {
        (Some(true), _) => TimeLeft::Unlimited,
        (_, Some(seconds)) => TimeLeft::For(Duration::from_secs(seconds)),
        (_, None) => TimeLeft::Unknown,
    };
    Some(Battery { percent: percent(charge, full), secsleft, power_plugged, is_whole: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_left_while_a_battery_is_discharged() {
        let left = |rate, plugged| battery(30, 60, rate, plugged).map(|battery| battery.secsleft);
        assert_eq!(left(10, Some(false)), Some(TimeLeft::For(Duration::from_secs(3 * 3600))));
        assert_eq!(left(10, Some(true)), Some(TimeLeft::Unlimited));
        assert_eq!((left(0, None), battery(0, 0, 5, None)), (Some(TimeLeft::Unknown), None));
    }
}
