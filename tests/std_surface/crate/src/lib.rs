//! Tries std's surface item by item and prints `item: result` lines that are the same on every machine.
//!
//! What is compared is one program on two C libraries, so a result says what std answered, not whether it was right: an
//! error is printed as its kind and its words. The program is its own child for all that ends a process.

mod children;
mod environment;
mod files;
mod memory;
mod panics;
mod processes;
mod report;
mod sockets;
mod streams;
mod text;
mod threads;
mod time;

use report::Report;

/// Run every item, or be the child that the first argument asks for.
pub fn run() {
    let arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "child") {
        children::run(&arguments[2..]);
        return;
    }
    let mut report = Report::new();
    environment::items(&mut report);
    files::items(&mut report);
    threads::items(&mut report);
    processes::items(&mut report);
    sockets::items(&mut report);
    time::items(&mut report);
    panics::items(&mut report);
    memory::items(&mut report);
    text::items(&mut report);
    streams::items(&mut report);
    report.end();
}

/// The same for a C main; it returns, so that the C library ends the process.
#[no_mangle]
pub extern "C" fn std_surface_run() {
    run();
}
