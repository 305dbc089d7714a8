//! Checks of `demo selftest` that look from Rust.

use std::ffi::{c_char, c_int, c_void, CStr, OsStr};
use std::net::ToSocketAddrs;
use std::os::unix::ffi::OsStrExt;
use std::panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Condvar, Mutex};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, io::Write, ptr, slice, thread};

enum Fault {
    Fail(String),
    Limit(String),
}

impl<T: ToString> From<T> for Fault {
    fn from(error: T) -> Self {
        Self::Fail(error.to_string())
    }
}

extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
    fn demo_sort(values: *mut c_int, count: usize, compare: extern "C" fn(*const c_void, *const c_void) -> c_int);
}

extern "C-unwind" {
    fn demo_call_through_c(callback: extern "C-unwind" fn(c_int) -> c_int, argument: c_int) -> c_int;
}

/// Runs a check and hands its outcome to C, with the words in `why`.
///
/// # Safety
/// `why` has room for `size` bytes.
unsafe fn report(why: *mut c_char, size: usize, check: impl FnOnce() -> Result<(), Fault>) -> c_int {
    let result = catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| Err("it panicked".into()));
    let (outcome, words) = match result {
        Ok(()) => return 0,
        Err(Fault::Fail(words)) => (1, words),
        Err(Fault::Limit(words)) => (2, words),
    };
    let room = slice::from_raw_parts_mut(why.cast::<u8>(), size);
    let length = words.len().min(size - 1);
    room[..length].copy_from_slice(&words.as_bytes()[..length]);
    room[length] = 0;
    outcome
}

fn require(condition: bool, words: &str) -> Result<(), Fault> {
    if condition {
        Ok(())
    } else {
        Err(words.into())
    }
}

/// Runs `check` without the message that a panic prints.
fn quietly<T>(check: impl FnOnce() -> T) -> T {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let result = check();
    set_hook(hook);
    result
}

/// # Safety
/// As in `demo.h`; so for all that follow.
#[no_mangle]
pub unsafe extern "C" fn demo_check_arguments(
    argc: c_int,
    argv: *mut *mut c_char,
    why: *mut c_char,
    size: usize,
) -> c_int {
    report(why, size, || {
        let given: Vec<_> = slice::from_raw_parts(argv, argc as usize)
            .iter()
            .map(|&argument| OsStr::from_bytes(CStr::from_ptr(argument).to_bytes()).to_owned())
            .collect();
        let seen: Vec<_> = std::env::args_os().collect();
        if seen.is_empty() && cfg!(target_env = "musl") {
            let words = "std::env::args is empty: std for musl takes arguments from Rust's own main, and main is C's";
            return Err(Fault::Limit(words.to_owned()));
        }
        require(seen == given, &format!("std::env::args gives {seen:?}"))
    })
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_environment(environment: *mut *mut c_char, why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        require(std::env::var("DEMO_SELFTEST").as_deref() == Ok("grüß"), "DEMO_SELFTEST is not what C has set")?;
        let entries = (0..).take_while(|&at| !(*environment.add(at)).is_null()).count();
        let seen = std::env::vars_os().count();
        require(seen == entries, &format!("{seen} of {entries} variables are seen"))
    })
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_files(path: *const c_char, why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let path = OsStr::from_bytes(CStr::from_ptr(path).to_bytes());
        require(fs::read_to_string(path)? == "from C\n", "Rust reads another line than C wrote")?;
        fs::OpenOptions::new().append(true).open(path)?.write_all(b"from Rust\n")?;
        require(fs::metadata(path)?.len() == 17, "the file has another size than was written")?;
        let directory = std::path::Path::new(path).parent().ok_or("no directory")?;
        let listed =
            fs::read_dir(directory)?.filter_map(Result::ok).any(|entry| entry.path() == std::path::Path::new(path));
        require(listed, "the directory does not list the file")
    })
}

/// Counts how often it is dropped: what a thread-local's destructor does.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static LOCAL: std::cell::RefCell<Option<Counted>> = const { std::cell::RefCell::new(None) };
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_threads(why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new((Mutex::new(0), Condvar::new()));
        let (sender, receiver) = mpsc::channel();
        let mut threads = Vec::new();
        for number in 0..4 {
            let (dropped, gate, sender) = (Arc::clone(&dropped), Arc::clone(&gate), sender.clone());
            threads.push(thread::Builder::new().spawn(move || {
                LOCAL.with(|local| *local.borrow_mut() = Some(Counted(dropped)));
                let (count, all_here) = &*gate;
                let mut here = count.lock().unwrap();
                *here += 1;
                all_here.notify_all();
                // Every thread waits for the others: none of them can have run to its end alone.
                let limit = Duration::from_secs(30);
                let (here, waited) = all_here.wait_timeout_while(here, limit, |here| *here < 4).unwrap();
                drop(here);
                sender.send((number, !waited.timed_out())).unwrap();
            })?);
        }
        drop(sender);
        let mut answers: Vec<_> = receiver.iter().collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")?;
        }
        answers.sort_unstable();
        require(answers == [(0, true), (1, true), (2, true), (3, true)], &format!("the threads answer {answers:?}"))?;
        let count = dropped.load(Ordering::SeqCst);
        require(count == 4, &format!("{count} of 4 destructors of thread-locals ran"))
    })
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_panic_caught(why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let counted = Counted(Arc::clone(&dropped));
        let payload = quietly(|| {
            catch_unwind(AssertUnwindSafe(move || {
                let _counted = counted;
                panic!("on purpose");
            }))
        });
        let words = payload.err().and_then(|payload| payload.downcast_ref::<&str>().map(|words| (*words).to_owned()));
        require(words.as_deref() == Some("on purpose"), "the payload was lost")?;
        require(dropped.load(Ordering::SeqCst) == 1, "the panic skipped a destructor")
    })
}

extern "C-unwind" fn panic_with(argument: c_int) -> c_int {
    panic!("{argument}");
}

extern "C-unwind" fn double(argument: c_int) -> c_int {
    argument * 2
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_panic_through_c(why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        require(demo_call_through_c(double, 14) == 42, "C does not return what Rust answered")?;
        let payload = quietly(|| catch_unwind(|| demo_call_through_c(panic_with, 7)));
        let words = payload.err().and_then(|payload| payload.downcast_ref::<String>().cloned());
        require(words.as_deref() == Some("7"), "the payload was lost")
    })
}

extern "C" fn compare(left: *const c_void, right: *const c_void) -> c_int {
    // SAFETY: qsort hands out pointers to two of the integers it sorts.
    let (left, right) = unsafe { (*left.cast::<c_int>(), *right.cast::<c_int>()) };
    right.cmp(&left) as c_int
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_callback(why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let mut values: Vec<c_int> = (0..100).map(|n| n * 37 % 101).collect();
        demo_sort(values.as_mut_ptr(), values.len(), compare);
        require(values.windows(2).all(|pair| pair[0] > pair[1]), "qsort with a comparison in Rust does not sort")
    })
}

/// Returns text in memory of C's allocator.
#[no_mangle]
pub unsafe extern "C" fn demo_allocate() -> *mut c_char {
    let text = b"allocated by Rust\0";
    let block = malloc(text.len()).cast::<u8>();
    if !block.is_null() {
        ptr::copy_nonoverlapping(text.as_ptr(), block, text.len());
    }
    block.cast()
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_allocation(from_malloc: *mut c_char, why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let right = CStr::from_ptr(from_malloc).to_bytes() == b"allocated by C";
        free(from_malloc.cast());
        require(right, "C's text did not arrive in Rust")?;
        let mut grown: Vec<u64> = Vec::new();
        grown.extend(0..1_000_000);
        require(grown.iter().sum::<u64>() == 499_999_500_000, "a vector lost something as it grew")?;
        let aligned = Box::new(Aligned([1; 64]));
        require(ptr::addr_of!(*aligned) as usize % 256 == 0 && aligned.0[63] == 1, "an allocation is not aligned")
    })
}

#[repr(align(256))]
struct Aligned([u8; 64]);

#[no_mangle]
pub unsafe extern "C" fn demo_check_time(why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let start = Instant::now();
        thread::sleep(Duration::from_millis(2));
        require(start.elapsed() >= Duration::from_millis(2), "a pause of 2 ms was shorter")?;
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_resolve(host: *const c_char, why: *mut c_char, size: usize) -> c_int {
    report(why, size, || {
        let host = CStr::from_ptr(host).to_str()?;
        let found: Vec<_> = (host, 80).to_socket_addrs()?.collect();
        require(found.iter().any(|address| address.ip().is_loopback()), &format!("{host} is {found:?}"))
    })
}

#[no_mangle]
pub unsafe extern "C" fn demo_check_calls_python(
    python: unsafe extern "C" fn(c_int) -> c_int,
    why: *mut c_char,
    size: usize,
) -> c_int {
    report(why, size, || {
        // From a thread that Python has never seen.
        let answer = thread::spawn(move || python(40)).join().map_err(|_| "the thread panicked")?;
        require(answer == 42, &format!("Python answers {answer}"))
    })
}
