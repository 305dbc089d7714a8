//! Panics: caught, nested, through C, and those that end the process; backtraces.

use crate::children::run_child;
use crate::report::Report;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{catch_unwind, panic_any, resume_unwind, set_hook, take_hook, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

pub fn items(report: &mut Report) {
    caught(report);
    through_c(report);
    hooks(report);
    ending(report);
    backtraces(report);
}

pub fn words(payload: &(dyn Any + Send)) -> String {
    let known = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    known.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "something else".into())
}

/// Run something that panics without a word on stderr.
fn quietly<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    let before = take_hook();
    set_hook(Box::new(|_| ()));
    let result = catch_unwind(AssertUnwindSafe(action)).map_err(|payload| words(&*payload));
    set_hook(before);
    result
}

struct Counts<'a>(&'a Mutex<Vec<u8>>, u8);

impl Drop for Counts<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(self.1);
    }
}

fn caught(report: &mut Report) {
    report.debug("panic caught", || quietly(|| panic!("a literal")) as Result<(), _>);
    report.debug("panic formatted", || quietly(|| panic!("number {}", 7)) as Result<(), _>);
    report.debug("panic of an index", || quietly(|| [1, 2, 3][std::hint::black_box(5)]));
    report.debug("panic of arithmetic", || quietly(|| 1 / std::hint::black_box(0)));
    report.debug("panic of unwrap", || quietly(|| None::<i32>.unwrap()));
    report.debug("panic any", || {
        let payload = catch_unwind(|| resume_unwind(Box::new(17_u64))).unwrap_err();
        payload.downcast_ref::<u64>().copied()
    });
    report.debug("panic_any", || quietly(|| panic_any(3_u8)) as Result<(), _>);
    report.debug("panic runs destructors", || {
        let order = Mutex::new(Vec::new());
        let _ = quietly(|| {
            let _first = Counts(&order, 1);
            let _second = Counts(&order, 2);
            panic!("x");
        });
        let found = order.lock().unwrap().clone();
        found
    });
    report.debug("panic nested", || {
        quietly(|| {
            let inner = catch_unwind(|| panic!("inner")).map_err(|payload| words(&*payload));
            panic!("outer after {inner:?}");
        }) as Result<(), _>
    });
    report.debug("panic in a destructor's catch", || {
        struct Catches<'a>(&'a Mutex<Vec<u8>>);
        impl Drop for Catches<'_> {
            fn drop(&mut self) {
                let caught = catch_unwind(|| panic!("while unwinding")).is_err();
                self.0.lock().unwrap().push(u8::from(caught));
            }
        }
        let order = Mutex::new(Vec::new());
        let outer = quietly(|| {
            let _guard = Catches(&order);
            panic!("outer");
        }) as Result<(), _>;
        let seen = order.lock().unwrap().clone();
        (outer, seen)
    });
    report.debug("panic resumed", || {
        quietly(|| {
            let payload = catch_unwind(|| panic!("once")).unwrap_err();
            resume_unwind(payload);
        }) as Result<(), _>
    });
    report.debug("panic 10,000 times in 4 threads", || {
        quietly(|| {
            std::thread::scope(|scope| {
                let each = || (0..2_500).filter(|_| catch_unwind(|| panic!("again")).is_err()).count();
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(each)).collect();
                threads.into_iter().map(|one| one.join().unwrap()).sum::<usize>()
            })
        })
    });
    report.debug("panicking", || {
        struct Asks<'a>(&'a Mutex<Vec<u8>>);
        impl Drop for Asks<'_> {
            fn drop(&mut self) {
                self.0.lock().unwrap().push(u8::from(std::thread::panicking()));
            }
        }
        let seen = Mutex::new(Vec::new());
        drop(Asks(&seen));
        let _ = quietly(|| {
            let _guard = Asks(&seen);
            panic!("x");
        });
        let found = seen.lock().unwrap().clone();
        found
    });
}

extern "C-unwind" {
    /// Calls `callback` from C.
    fn std_surface_frame(callback: extern "C-unwind" fn(i32) -> i32, value: i32) -> i32;
}

extern "C-unwind" fn panics(value: i32) -> i32 {
    if value > 0 {
        panic!("through C, {value}");
    }
    value
}

/// A comparison that panics half-way through the C library's own sort.
extern "C-unwind" fn compares(_: *const u8, _: *const u8) -> i32 {
    panic!("through the C library");
}

extern "C-unwind" {
    fn bsearch(
        key: *const u8,
        base: *const u8,
        count: usize,
        size: usize,
        compare: extern "C-unwind" fn(*const u8, *const u8) -> i32,
    ) -> *const u8;
}

fn through_c(report: &mut Report) {
    // SAFETY: the frame calls back and returns what it gets.
    report.debug("call through C", || unsafe { std_surface_frame(panics, -3) });
    // SAFETY: as above; C was compiled with unwind tables.
    report.debug("panic through C", || quietly(|| unsafe { std_surface_frame(panics, 5) }));
    // SAFETY: the comparison does not look at what it is given.
    report.debug("panic through the C library", || {
        quietly(|| unsafe { bsearch(b"k".as_ptr(), b"abc".as_ptr(), 3, 1, compares) }.is_null())
    });
}

fn hooks(report: &mut Report) {
    report.debug("panic hook", || {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let inner = Arc::clone(&seen);
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let file = info.location().map(|place| place.file().rsplit('/').next().unwrap().to_owned());
            inner.lock().unwrap().push((file, info.payload_as_str().map(str::to_owned)));
        }));
        let _ = catch_unwind(|| panic!("told to the hook"));
        let _ = std::thread::spawn(|| panic!("told from a thread")).join();
        set_hook(before);
        let found = seen.lock().unwrap().clone();
        found
    });
}

fn ending(report: &mut Report) {
    report.debug("panic in main", || run_child("panic", &[]));
    report.debug("panic twice", || run_child("panic-twice", &[]));
    report.debug("panic in a function that cannot unwind", || run_child("panic-no-unwind", &[]));
    report.debug("panic in the hook", || run_child("panic-in-hook", &[]));
}

#[inline(never)]
fn traced_by_name() -> Backtrace {
    std::hint::black_box(Backtrace::force_capture())
}

#[inline(never)]
extern "C-unwind" fn traced_from_c(value: i32) -> i32 {
    let trace = traced_by_name().to_string();
    value + i32::from(trace.contains("traced_from_c")) + 2 * i32::from(trace.contains("std_surface_frame"))
}

fn backtraces(report: &mut Report) {
    report.debug("backtrace off", || Backtrace::capture().status() == BacktraceStatus::Disabled);
    report.debug("backtrace has names", || {
        let text = traced_by_name().to_string();
        ["traced_by_name", "backtraces", "std_surface::run"].map(|name| text.contains(name))
    });
    report.debug("backtrace has lines", || {
        let text = traced_by_name().to_string();
        text.lines().any(|line| line.contains("panics.rs:"))
    });
    report.debug("backtrace has main", || traced_by_name().to_string().contains("main"));
    report.debug("backtrace in a thread", || {
        let text = std::thread::spawn(|| traced_by_name().to_string()).join().unwrap();
        ["traced_by_name", "std::thread", "std_surface"].map(|name| text.contains(name))
    });
    // SAFETY: the frame calls back and returns what it gets.
    report.debug("backtrace through C", || unsafe { std_surface_frame(traced_from_c, 10) });
    report.debug("backtrace of a panic in a child", || {
        let mut child = crate::children::command("panic");
        let done = child.env("RUST_BACKTRACE", "full").output().unwrap();
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        ["std_surface::children::run", "stack backtrace:"].map(|name| text.contains(name))
    });
}
