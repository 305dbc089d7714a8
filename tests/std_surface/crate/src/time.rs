//! Clocks and sleeping.

use crate::report::Report;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn items(report: &mut Report) {
    report.item("instant goes forward", || {
        let start = Instant::now();
        std::thread::sleep(Duration::from_millis(15));
        start.elapsed() >= Duration::from_millis(15)
    });
    report.item("instant from the past", || {
        let now = Instant::now();
        now.checked_duration_since(now + Duration::from_secs(1)).is_none()
    });
    report.item("system time", || {
        SystemTime::now().duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() > 1_700_000_000)
    });
    report.debug("system time before 1970", || {
        (UNIX_EPOCH - Duration::from_millis(1500)).duration_since(UNIX_EPOCH).map_err(|error| error.duration())
    });
    report.debug("system time after 2038", || UNIX_EPOCH.checked_add(Duration::from_secs(1 << 34)).is_some());
    report.debug("duration", || Duration::from_secs_f64(1.25).checked_mul(3));
    report.debug("sleep for nothing", || std::thread::sleep(Duration::ZERO));
}
