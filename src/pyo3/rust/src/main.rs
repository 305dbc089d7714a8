//! A program of Rust's that starts the CPython inside it, and offers it a module written in Rust.
//!
//! `primes 100` asks Python for a sentence on the primes below 100; Python asks Rust for the primes.

use std::ffi::{c_char, c_int, CString};
use std::os::unix::ffi::OsStringExt;

use pyo3::prelude::*;

extern "C" {
    /// Start the interpreter that travels inside the executable; see `staticlink_python.h`.
    fn staticlink_python_init(argc: c_int, argv: *const *const c_char) -> c_int;
}

/// What Python imports as `primes`.
#[pymodule]
mod primes {
    use pyo3::prelude::*;

    /// Return the primes below `limit`.
    #[pyfunction]
    fn below(limit: usize) -> Vec<usize> {
        assert!(limit > 1, "there is no prime below {limit}");
        let mut composite = vec![false; limit];
        let mut found = Vec::new();
        for number in 2..limit {
            if !composite[number] {
                found.push(number);
                (number * number..limit).step_by(number).for_each(|multiple| composite[multiple] = true);
            }
        }
        found
    }
}

/// Start Python with the program's own arguments; it ends with the process.
fn start_python() -> Result<(), String> {
    pyo3::append_to_inittab!(primes);
    let words: Vec<CString> = std::env::args_os()
        .map(|word| CString::new(word.into_vec()).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    let argv: Vec<*const c_char> = words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect();
    // SAFETY: argv ends with a null pointer, as C's does, and outlives the call, which copies what it needs.
    match unsafe { staticlink_python_init(words.len() as c_int, argv.as_ptr()) } {
        0 => Ok(()),
        _ => Err("Python does not start".to_owned()),
    }
}

fn sentence(limit: usize) -> PyResult<String> {
    Python::attach(|python| python.import("report")?.call_method1("sentence", (limit,))?.extract())
}

fn run() -> Result<String, String> {
    let limit = std::env::args().nth(1).unwrap_or("100".to_owned());
    let limit = limit.parse().map_err(|error| format!("{limit}: {error}"))?;
    start_python()?;
    sentence(limit).map_err(|error| error.to_string())
}

fn main() {
    std::panic::set_hook(Box::new(|_| ())); // a panic is Python's to report: it becomes an exception
    match run() {
        Ok(line) => println!("{line}"),
        Err(message) => {
            eprintln!("primes: {message}");
            std::process::exit(1);
        }
    }
}
