//! Translate the target's headers.

fn main() {
    let place = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    let made = bindgen::builder().header("headers.h").generate().expect("headers.h");
    made.write_to_file(place.join("headers.rs")).expect("headers.rs");
}
