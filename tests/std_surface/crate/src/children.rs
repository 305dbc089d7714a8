//! The program as its own child: one word names what it does, and how it ends is what the parent reports.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

/// Run this program as the child `word` and say how it ended and what it printed.
pub fn run_child(word: &str, arguments: &[&OsStr]) -> String {
    let mut child = command(word);
    let done = child.args(arguments).stdin(Stdio::null()).output().expect("the child starts");
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    format!("{}, out {out:?}, err {err:?}", ending(done.status))
}

pub fn command(word: &str) -> Command {
    let mut child = Command::new(std::env::current_exe().expect("this program has a path"));
    child.args(["child", word]).env_remove("RUST_BACKTRACE");
    child
}

/// How a process ended, without what depends on the machine (a core file).
pub fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("code {code}"),
        (None, signal) => format!("signal {signal:?}"),
    }
}

/// Output without the numbers of threads, without backtraces and without places in the source.
pub fn text(bytes: &[u8]) -> String {
    let all = String::from_utf8_lossy(bytes);
    let kept = all.lines().map(|line| match line.split_once(" (") {
        Some((before, after)) if before.starts_with("thread '") || before.starts_with('\n') => {
            let rest = after.split_once(") ").map_or("", |(_, rest)| rest);
            format!("{before} {}", rest.split(" at ").next().unwrap_or(""))
        }
        _ => line.to_owned(),
    });
    let traces =
        |line: &String| line.starts_with([' ', '\t']) || line.starts_with("note:") || line == "stack backtrace:";
    kept.filter(|line| !traces(line)).collect::<Vec<_>>().join("|")
}

struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        println!("dropped {}", self.0);
    }
}

struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("from a destructor");
    }
}

thread_local! {
    static LOCAL: RefCell<Option<Says>> = const { RefCell::new(None) };
    static PANICS: Panics = const { Panics };
}

fn set_local() {
    LOCAL.with(|slot| *slot.borrow_mut() = Some(Says("local")));
}

pub fn run(words: &[OsString]) {
    let word = words[0].to_str().expect("the name of a child");
    match word {
        "print" => println!("{:?}", &words[1..]),
        "code" => std::process::exit(words[1].to_str().unwrap().parse().unwrap()),
        "abort" => std::process::abort(),
        "echo" => {
            let mut all = String::new();
            std::io::stdin().read_to_string(&mut all).unwrap();
            print!("{}", all.to_uppercase());
            std::io::stderr().write_all(b"to stderr\n").unwrap();
        }
        "where" => println!("{}", std::env::current_dir().unwrap().display()),
        "environment" => {
            let mut all: Vec<_> = std::env::vars_os().collect();
            all.sort();
            println!("{all:?}");
        }
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(60)),
        "pipe" => {
            // The reader is gone; Rust ignores SIGPIPE, a C main does not.
            let wrote = (0..10_000).try_for_each(|_| writeln!(std::io::stdout(), "a line of output"));
            eprintln!("{:?}", wrote.map_err(|error| error.kind()));
        }
        "args" => println!("{:?}", std::env::args_os().skip(3).collect::<Vec<_>>()),
        "exec" => crate::processes::replace(),
        "panic" => panic!("in main"),
        "panic-twice" => {
            let _guard = Panics;
            panic!("the first");
        }
        "panic-no-unwind" => stop(),
        "panic-in-hook" => {
            std::panic::set_hook(Box::new(|_| panic!("in the hook")));
            panic!("the first");
        }
        "local-in-main" => set_local(),
        "local-and-exit" => {
            set_local();
            std::process::exit(0);
        }
        "local-panics" => {
            let ended = std::thread::spawn(|| PANICS.with(|_| ())).join();
            println!("{}", ended.is_err());
        }
        "overflow-thread" => {
            let body = || overflow(0);
            let started = std::thread::Builder::new().name("deep".into()).spawn(body);
            let _ = started.unwrap().join();
        }
        "overflow-main" => drop(overflow(0)),
        "running-thread" => {
            std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(60)));
            println!("main ends");
        }
        "out-of-memory" => {
            let layout = std::alloc::Layout::from_size_align(isize::MAX as usize - 4096, 1).unwrap();
            std::alloc::handle_alloc_error(layout);
        }
        "unflushed" => print!("no newline"),
        _ => panic!("no such child: {word}"),
    }
}

extern "C" fn stop() {
    panic!("cannot unwind out of here");
}

#[inline(never)]
#[allow(unconditional_recursion)]
fn overflow(depth: u64) -> u64 {
    let block = std::hint::black_box([depth; 128]);
    overflow(depth + 1) + block[3]
}
