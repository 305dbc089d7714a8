//! Numbers and text, where std asks the C library's mathematics.

use crate::report::Report;

pub fn items(report: &mut Report) {
    report.debug("float parse", || {
        ["1e-400", "2.2250738585072011e-308", "0.1", "inf", "-NaN", "1e309"]
            .map(|text| text.parse::<f64>().map(f64::to_bits))
    });
    report.item("float print", || format!("{:?} {} {:e} {:.3} {:10.2}|", 0.1 + 0.2, 1e21, 1234.5, 2.0 / 3.0, -1.005));
    report.item("float print extremes", || format!("{:?} {:?} {:?}", f64::MIN_POSITIVE, f64::MAX, 5e-324));
    report.item("float exact", || {
        let value = std::hint::black_box(2.0_f64);
        format!("{:?} {:?} {:?}", value.sqrt(), value.mul_add(3.0, 1e-20), (value * 1.25).rem_euclid(0.7))
    });
    report.item("float mathematics", || {
        let value = std::hint::black_box(0.7_f64);
        let found =
            [value.sin(), value.exp(), value.ln(), value.powf(3.3), value.atan2(2.0), value.tanh(), value.cbrt()];
        format!("{:?}", found.map(|number| (number * 1e14).round()))
    });
    report.item("float single", || {
        let value = std::hint::black_box(0.7_f32);
        format!("{:?}", [value.sin(), value.exp(), value.powi(5)].map(|number| (number * 1e5).round()))
    });
    report.item("integers", || format!("{:#x} {:#b} {:>+5} {:?}", u128::MAX, 5, 7, "-129".parse::<i8>().is_err()));
    report.item("integer of 128 bits", || {
        std::hint::black_box(u128::MAX) / std::hint::black_box(12_345_678_901_234_567_890_u128)
    });
    report.item("text", || "Straße ΣΑΣ ﬁ".to_lowercase() + &"Straße ﬁ".to_uppercase());
    report.debug("text not unicode", || String::from_utf8(vec![b'a', 0xff]).map_err(|error| error.to_string()));
}
