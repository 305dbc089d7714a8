//! Threads, what they share, and what runs when they end.

use crate::children;
use crate::report::Report;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{channel, sync_channel, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use std::thread::{self, Builder};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(20);

pub fn items(report: &mut Report) {
    starting(report);
    locals(report);
    locks(report);
    channels(report);
}

fn starting(report: &mut Report) {
    report.debug("thread spawn", || thread::spawn(|| 42).join().ok());
    report.debug("thread many", || {
        let threads: Vec<_> = (0..64_u64).map(|number| thread::spawn(move || (0..=number).sum::<u64>())).collect();
        threads.into_iter().map(|one| one.join().unwrap()).sum::<u64>()
    });
    report.debug("thread scoped", || {
        let mut numbers = [1, 2, 3];
        thread::scope(|scope| {
            for number in &mut numbers {
                scope.spawn(move || *number *= 2);
            }
        });
        numbers
    });
    report.debug("thread name", || {
        let body = || {
            let kernel = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
            (thread::current().name().map(str::to_owned), kernel)
        };
        Builder::new().name("a name of a thread".into()).spawn(body).unwrap().join().unwrap()
    });
    report.debug("thread name of main", || thread::current().name().map(str::to_owned));
    report.debug("thread stack of 256 MiB", || {
        Builder::new().stack_size(256 << 20).spawn(|| deep(100_000)).unwrap().join().unwrap()
    });
    report.debug("thread stack by default", || thread::spawn(|| deep(5_000)).join().unwrap());
    report.debug("thread stack of one page", || {
        Builder::new().stack_size(1).spawn(|| 7).map(|one| one.join().unwrap()).map_err(|error| error.kind())
    });
    report.debug("thread stack of too much", || {
        Builder::new().stack_size(1 << 60).spawn(|| 7).map(|_| ()).map_err(|error| error.kind())
    });
    report.debug("thread stack overflow in a thread", || children::run_child("overflow-thread", &[]));
    report.debug("thread stack overflow in main", || children::run_child("overflow-main", &[]));
    report.debug("thread park", || {
        let sleeper = thread::spawn(|| {
            thread::park();
            thread::park_timeout(SHORT);
            "awake"
        });
        sleeper.thread().unpark();
        sleeper.join().unwrap()
    });
    report.debug("thread ids differ", || {
        thread::current().id() != thread::spawn(|| thread::current().id()).join().unwrap()
    });
    report.item("thread parallelism", || {
        let allowed = std::fs::read_to_string("/proc/self/status").unwrap();
        let list = allowed.lines().find(|line| line.starts_with("Cpus_allowed_list")).unwrap();
        let count: usize = list
            .split_once(':')
            .unwrap()
            .1
            .trim()
            .split(',')
            .map(|range| match range.split_once('-') {
                Some((from, to)) => to.parse::<usize>().unwrap() - from.parse::<usize>().unwrap() + 1,
                None => 1,
            })
            .sum();
        (1..=count).contains(&thread::available_parallelism().unwrap().get())
    });
    report.debug("thread panics", || {
        let ended = Builder::new().name("quiet".into()).spawn(|| panic!("{} in a thread", "panic"));
        ended.unwrap().join().map_err(|payload| crate::panics::words(&*payload)) as Result<(), _>
    });
    report.debug("thread yields", || thread::yield_now());
    report.debug("thread still runs when main ends", || children::run_child("running-thread", &[]));
}

#[inline(never)]
fn deep(depth: usize) -> usize {
    let block = std::hint::black_box([depth as u8; 64]);
    if depth == 0 {
        0
    } else {
        deep(depth - 1) + usize::from(block[1] == depth as u8)
    }
}

/// What a destructor appends to, when it runs.
static ENDED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

struct Ends(&'static str);

impl Drop for Ends {
    fn drop(&mut self) {
        ENDED.lock().unwrap().push(self.0);
    }
}

thread_local! {
    static FIRST: Ends = const { Ends("first") };
    static SECOND: RefCell<Option<Ends>> = const { RefCell::new(None) };
    static COUNT: Cell<u32> = const { Cell::new(1) };
    static LATE: Late = const { Late };
}

struct Late;

impl Drop for Late {
    fn drop(&mut self) {
        // A destructor may use another thread-local, even for the first time.
        SECOND.with(|slot| *slot.borrow_mut() = Some(Ends("set by a destructor")));
    }
}

fn locals(report: &mut Report) {
    report.debug("thread local is each thread's own", || {
        COUNT.set(2);
        (thread::spawn(|| COUNT.get()).join().unwrap(), COUNT.get())
    });
    report.debug("thread local destructors", || {
        ENDED.lock().unwrap().clear();
        thread::spawn(|| {
            FIRST.with(|_| ());
            SECOND.with(|slot| *slot.borrow_mut() = Some(Ends("second")));
        })
        .join()
        .unwrap();
        ENDED.lock().unwrap().clone()
    });
    report.debug("thread local destructors that make others", || {
        ENDED.lock().unwrap().clear();
        thread::spawn(|| LATE.with(|_| ())).join().unwrap();
        ENDED.lock().unwrap().clone()
    });
    report.debug("thread local destructors after a panic", || {
        ENDED.lock().unwrap().clear();
        let ended = thread::spawn(|| {
            FIRST.with(|_| ());
            panic!("quiet");
        });
        (ended.join().is_err(), ENDED.lock().unwrap().clone())
    });
    report.debug("thread local destructors in main", || children::run_child("local-in-main", &[]));
    report.debug("thread local destructors and exit", || children::run_child("local-and-exit", &[]));
    report.debug("thread local destructors that panic", || children::run_child("local-panics", &[]));
}

fn locks(report: &mut Report) {
    report.debug("mutex", || {
        let total = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let total = Arc::clone(&total);
                thread::spawn(move || (0..1000).for_each(|_| *total.lock().unwrap() += 1))
            })
            .collect();
        threads.into_iter().for_each(|one| one.join().unwrap());
        let found = *total.lock().unwrap();
        found
    });
    report.debug("mutex poisoned", || {
        let lock = Arc::new(Mutex::new(1));
        let other = Arc::clone(&lock);
        let _ = thread::spawn(move || {
            let _held = other.lock();
            panic!("quiet");
        })
        .join();
        let refused = lock.try_lock().is_err();
        (lock.is_poisoned(), refused)
    });
    report.debug("rwlock", || {
        let lock = RwLock::new(5);
        let (one, two) = (lock.read().unwrap(), lock.read().unwrap());
        let refused = lock.try_write().is_err();
        (*one + *two, refused)
    });
    report.debug("condvar", || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&pair);
        let waker = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_all();
        });
        let ready = pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready).unwrap();
        waker.join().unwrap();
        *ready
    });
    report.debug("condvar timeout", || {
        let (lock, condition) = (Mutex::new(()), Condvar::new());
        let mut guard = lock.lock().unwrap();
        loop {
            let (again, timeout) = condition.wait_timeout(guard, SHORT).unwrap();
            if timeout.timed_out() {
                break true;
            }
            guard = again;
        }
    });
    report.debug("once", || {
        static ONCE: Once = Once::new();
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    ONCE.call_once(|| {
                        CALLS.fetch_add(1, Ordering::SeqCst);
                    });
                });
            }
        });
        (CALLS.load(Ordering::SeqCst), ONCE.is_completed())
    });
    report.debug("once lock", || {
        static VALUE: OnceLock<String> = OnceLock::new();
        static LAZY: LazyLock<HashMap<u8, u8>> = LazyLock::new(|| HashMap::from([(1, 2)]));
        (VALUE.get_or_init(|| "set".into()).clone(), VALUE.set("again".into()), LAZY[&1])
    });
    report.debug("barrier", || {
        let barrier = Barrier::new(4);
        let leaders = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| leaders.fetch_add(usize::from(barrier.wait().is_leader()), Ordering::SeqCst));
            }
        });
        leaders.into_inner()
    });
}

fn channels(report: &mut Report) {
    report.debug("channel", || {
        let (sender, receiver) = channel();
        for number in 0..4 {
            let sender = sender.clone();
            thread::spawn(move || sender.send(number).unwrap());
        }
        drop(sender);
        let mut found: Vec<_> = receiver.iter().collect();
        found.sort_unstable();
        found
    });
    report.debug("channel timeout", || {
        let (sender, receiver) = channel::<()>();
        let timeout = receiver.recv_timeout(SHORT) == Err(RecvTimeoutError::Timeout);
        drop(sender);
        (timeout, receiver.try_recv() == Err(TryRecvError::Disconnected))
    });
    report.debug("channel bounded", || {
        let (sender, receiver) = sync_channel(1);
        sender.send(1).unwrap();
        (sender.try_send(2).is_err(), receiver.recv(), sender.try_send(3).is_ok())
    });
}
