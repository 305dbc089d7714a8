//! The probe as a program with a main of Rust's.

fn main() {
    std_surface::run();
}
