//! Prints one line an item; an item that panics says so and the others still run.

use std::fmt::{Debug, Display};
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;

pub struct Report {
    items: usize,
    place: PathBuf,
}

impl Report {
    pub fn new() -> Self {
        let place = std::env::temp_dir().join(format!("std-surface-{}", std::process::id()));
        std::fs::create_dir_all(&place).expect("a directory for files");
        Report { items: 0, place }
    }

    /// A directory of this run's own; its name must not reach a result.
    pub fn place(&self) -> PathBuf {
        self.place.clone()
    }

    pub fn item<T: Display>(&mut self, name: &str, action: impl FnOnce() -> T) {
        let result = match catch_unwind(AssertUnwindSafe(|| action().to_string())) {
            Ok(text) => text,
            Err(payload) => format!("PANIC {:?}", payload.downcast_ref::<String>()),
        };
        println!("{name}: {}", result.replace('\n', "\\n"));
        self.items += 1;
    }

    pub fn debug<T: Debug>(&mut self, name: &str, action: impl FnOnce() -> T) {
        self.item(name, || format!("{:?}", action()));
    }

    /// An item that may fail; a failure is printed as its kind and its words.
    pub fn tried<T: Debug>(&mut self, name: &str, action: impl FnOnce() -> io::Result<T>) {
        self.item(name, || match action() {
            Ok(value) => format!("{value:?}"),
            Err(error) => failure(&error),
        });
    }

    pub fn end(self) {
        std::fs::remove_dir_all(&self.place).expect("the directory can be removed");
        println!("items: {}", self.items);
    }
}

pub fn failure(error: &io::Error) -> String {
    format!("{:?}, {error}", error.kind())
}
